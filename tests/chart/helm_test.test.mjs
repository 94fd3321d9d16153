// `helm test` checks the network from where sessions run. These tests run the script of its pod against stand-ins. It also
// runs the doctor as the router.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { render } from './support/chart.mjs'

const [pod] = render('external').all('Pod').filter((one) => one.metadata.name.endsWith('test-session'))
const [container] = pod.spec.containers

/** A server that answers every request with one status. Without a status, nothing listens. */
async function answering(status) {
  const server = createServer((request, response) => {
    const named = request.headers['x-auth-request-email'] && request.headers.host === 'oc.example.org'
    response.writeHead(request.url === '/api/me' && !named ? 500 : status).end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  if (status) return { port, close: () => server.close() }
  await new Promise((resolve) => server.close(resolve))
  return { port, close: () => {} }
}

// The API server is unreachable: nothing listens on that port.
async function run({ router, requirePolicies = false, name = '127.0.0.1' }) {
  const there = await answering(router)
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))
  const child = spawn(container.command[0], [...container.command.slice(1), ...container.args], {
    env: {
      PATH: process.env.PATH,
      ...env,
      ROUTER: `http://${name}:${there.port}`,
      REQUIRE_POLICIES: String(requirePolicies),
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: '1',
    },
  })
  let said = ''
  child.stdout.on('data', (data) => (said += data))
  child.stderr.on('data', (data) => (said += data))
  const code = await new Promise((resolve) => child.on('close', resolve))
  there.close()
  return { code, said }
}

test('a router that believes a session fails the test', async () => {
  for (const status of [200, 404, 500]) {
    const { code, said } = await run({ router: status })
    assert.equal(code, 1)
    assert.match(said, /sessions can be any user/)
  }
})

test('out of reach is good', async () => {
  const { code, said } = await run({ router: undefined, requirePolicies: true })
  assert.equal(code, 0, said)
  assert.match(said, /Network policies are enforced/)
})

test('in reach and not believed is good enough, unless network policies are required', async () => {
  const { code, said } = await run({ router: 401 })
  assert.equal(code, 0, said)
  assert.match(said, /does not believe them[^]*network policies are off/)
  assert.equal((await run({ router: 401, requirePolicies: true })).code, 1)
})

test('a name that is not resolved proves nothing', async () => {
  const { code, said } = await run({ router: 401, name: 'router.invalid' })
  assert.equal(code, 1)
  assert.match(said, /could not be resolved/)
})

for (const name of ['external', 'sidecar']) {
  test(`${name}: the doctor has the settings and the rights of the router`, () => {
    const objects = render(name)
    const doctor = objects.one('Pod', '-test-doctor')
    const { spec } = objects.one('Deployment').spec.template
    const [own, router] = [doctor.spec.containers[0], spec.containers[0]]
    assert.deepEqual(own.args, ['doctor'])
    assert.deepEqual(own.env, router.env)
    assert.equal(doctor.metadata.namespace, objects.one('Deployment').metadata.namespace)
    assert.equal(doctor.spec.serviceAccountName, spec.serviceAccountName)
    assert.deepEqual(doctor.spec.volumes, spec.volumes.filter((volume) => volume.name === 'api-access'))
    assert.deepEqual(own.volumeMounts, router.volumeMounts.filter((mount) => mount.name === 'api-access'))
  })
}

test('without DNS in the cluster, the doctor can be left out', () => {
  const pods = render('external', { tests: { doctor: false } }).all('Pod')
  assert.deepEqual(pods.filter(({ metadata }) => metadata.name.endsWith('-doctor')), [])
  assert.equal(pods.length, 2)
})
