// oauth2-proxy as the chart runs it beside the router: its arguments and its configuration. Files and ports of this
// machine replace the pod's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { render } from './chart.mjs'
import { provider } from './provider.mjs'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A login with its provider, and `upstream`, the request listener behind the login. `values` are further chart values. */
export async function login(program, upstream, values = {}) {
  const objects = render('sidecar', { 'loginProxy.sidecar.trustedProxyIps': ['127.0.0.1/32'], ...values })
  const { initContainers } = objects.one('Deployment').spec.template.spec
  const { args } = initContainers.find(({ name }) => name === 'login')

  const [known, behind, port] = [await provider(), createServer(upstream), await freePort()]
  behind.on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    socket.write(`${request.headers.host} ${request.headers['x-auth-request-email']}\n`)
    socket.pipe(socket)
  })
  behind.listen(0, '127.0.0.1')
  await once(behind, 'listening')

  const dir = mkdtempSync(join(tmpdir(), 'chart-login-'))
  const here = (text) =>
    text
      .replaceAll('/etc/login-secret', dir)
      .replaceAll('/etc/login', dir)
      .replace('":4180"', `":${port}"`)
      .replace('127.0.0.1:3000', `127.0.0.1:${behind.address().port}`)
      // The chart accepts only https.
      .replace('https://login.example.org/realms/team', known.url)
  writeFileSync(join(dir, 'config.yaml'), here(objects.one('ConfigMap', '-login').data['config.yaml']))
  writeFileSync(join(dir, 'client-secret'), 'secret of the client')
  writeFileSync(join(dir, 'cookie-secret'), 'a'.repeat(32))
  const proxy = spawn(program, args.map(here), { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [proxy.stdout, proxy.stderr]) stream.on('data', (data) => (said += data))

  const self = { provider: known, port, said: () => said }
  self.close = () => {
    proxy.kill()
    known.close()
    behind.close()
    behind.closeAllConnections()
    rmSync(dir, { recursive: true })
  }
  const deadline = Date.now() + 20_000
  const serves = () => visit(self, 'home.oc.example.org', '/ready').then(({ status }) => status === 200, () => false)
  while (!(await serves())) {
    if (Date.now() > deadline || proxy.exitCode !== null) {
      self.close()
      throw new Error(`oauth2-proxy does not serve: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return self
}

/** Sends a request for a host, as the Ingress does. Returns when the head of the response arrives. */
export async function visit({ port }, host, path, headers = {}) {
  const call = request({ port, path, host: '127.0.0.1', headers: { host, 'x-forwarded-proto': 'https', ...headers } })
  call.end()
  const [[response, socket, first]] = await Promise.race([
    Promise.all([once(call, 'response')]),
    Promise.all([once(call, 'upgrade')]),
  ])
  if (first?.length) socket.unshift(first)
  return { status: response.statusCode, headers: response.headers, body: socket ?? response }
}

/** The whole body. */
export const text = async ({ body }) => Buffer.concat(await body.toArray()).toString()

/** Logs a user in from the first visit. Returns the last answer and the browser's cookies. */
export async function logIn(self, user) {
  self.provider.user = user
  const jar = new Map()
  const take = ({ headers }) => {
    for (const cookie of headers['set-cookie'] ?? []) {
      const [, name, value, attributes] = /^([^=]+)=([^;]*)(.*)$/.exec(cookie)
      if (value) jar.set(name, { value, attributes })
      else jar.delete(name)
    }
  }
  const cookie = () => [...jar].map(([name, { value }]) => `${name}=${value}`).join('; ')
  const first = await visit(self, 'home.oc.example.org', '/')
  take(first)
  const there = await fetch(first.headers.location, { redirect: 'manual' })
  const back = new URL(there.headers.get('location'))
  const last = await visit(self, back.host, back.pathname + back.search, { cookie: cookie() })
  take(last)
  return { first, back, last, jar, cookie: cookie() }
}
