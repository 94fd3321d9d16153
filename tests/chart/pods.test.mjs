// Properties of the pods.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespace, render } from './support/chart.mjs'
import { assertRestricted } from './support/restricted.mjs'

for (const name of ['external', 'sidecar']) {
  test(`${name}: every pod satisfies the restricted standard`, () => {
    const pods = render(name).pods()
    assert.equal(pods.length, 4)
    for (const pod of pods) assertRestricted(pod)
  })

  test(`${name}: on OpenShift no pod names a user or a group`, () => {
    const objects = render(name, { openshift: true })
    for (const pod of objects.pods()) assertRestricted(pod, false)
    assert.equal(objects.environment().SESSION_USER_ID, '0')
  })

  test(`${name}: probes ask by a name that the router answers to`, () => {
    const objects = render(name)
    const [router] = objects.one('Deployment').spec.template.spec.containers
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { path, port, httpHeaders } = router[probe].httpGet
      assert.deepEqual(httpHeaders, [{ name: 'Host', value: objects.environment().ROUTER_HOST }])
      assert.equal(path, probe === 'readinessProbe' ? '/readyz' : '/healthz')
      assert.equal(port, 'http')
    }
  })

  test(`${name}: the ports are those that the router is told`, () => {
    const objects = render(name)
    const env = objects.environment()
    const [router] = objects.one('Deployment').spec.template.spec.containers
    const told = { http: env.PORT, attach: env.ATTACH_PORT, ...(env.METRICS_PORT && { metrics: env.METRICS_PORT }) }
    assert.deepEqual(Object.fromEntries(router.ports.map((port) => [port.name, String(port.containerPort)])), told)
    const offered = objects.one('Service').spec.ports.filter((port) => port.name !== 'login')
    assert.deepEqual(Object.fromEntries(offered.map((port) => [port.name, String(port.targetPort)])), told)
  })
}

test('a roll-out takes no replica away, and a pod has the time to drain', () => {
  const { spec } = render('external', { shutdown: { delaySeconds: 7, drainSeconds: 100 } }).one('Deployment')
  assert.equal(spec.replicas, 2)
  assert.deepEqual(spec.strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 })
  assert(spec.template.spec.terminationGracePeriodSeconds > 107)
  assert.equal(spec.template.spec.topologySpreadConstraints[0].topologyKey, 'kubernetes.io/hostname')
})

test('the budget, the Service and the Deployment mean the same pods, and no test pod', () => {
  for (const name of ['external', 'sidecar']) {
    const objects = render(name)
    const { selector, template } = objects.one('Deployment').spec
    assert.deepEqual(objects.one('PodDisruptionBudget').spec.selector, selector)
    assert.deepEqual(objects.one('Service').spec.selector, selector.matchLabels)
    const selects = (labels) => Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value)
    assert(selects(template.metadata.labels))
    for (const test of objects.all('Pod')) assert(!selects(test.metadata.labels))
  }
})

test('the router is no session of its own', () => {
  for (const name of ['external', 'sidecar']) {
    for (const { metadata } of render(name)) {
      assert.notEqual(metadata.labels['app.kubernetes.io/managed-by'], 'opencode-router')
    }
  }
})

test('the settings that values stand for', () => {
  const env = render('sidecar').environment()
  assert.equal(env.RUNTIME, 'kubernetes')
  assert.equal(env.BIND_ADDRESS, '::')
  assert.equal(env.OPENCODE_NAMESPACE, `${namespace}-sessions`)
  assert.equal(env.RELEASE_NAME, 'oc-opencode-router')
  assert.equal(env.VOLUME_TTL_DAYS, '60')
  assert.equal(env.MAX_HELD, '4096')
  assert.deepEqual(env.POD_NAME, { fieldRef: { fieldPath: 'metadata.name' } })
  // An empty value sets no variable, so that the router's own default applies.
  for (const unsaid of ['SESSION_CPU_LIMIT', 'PUBLIC_PORT']) assert.equal(env[unsaid], undefined, unsaid)
  assert.equal(render('external').environment().METRICS_PORT, undefined)
  assert.equal(render('external', { publicPort: 8080 }).environment().PUBLIC_PORT, '8080')
})

test('an address family is never presumed', () => {
  const objects = render('sidecar')
  assert.equal(objects.one('Service').spec.ipFamilyPolicy, 'PreferDualStack')
  assert.equal(objects.one('Service').spec.ipFamilies, undefined)
  assert.match(objects.one('ConfigMap', '-login').data['config.yaml'], /bindAddress: ":4180"/)
  const set = { 'service.ipFamilyPolicy': 'RequireDualStack', 'service.ipFamilies': ['IPv6', 'IPv4'] }
  const { spec } = render('sidecar', set).one('Service')
  assert.deepEqual([spec.ipFamilyPolicy, spec.ipFamilies], ['RequireDualStack', ['IPv6', 'IPv4']])
})

test('security contexts are values', () => {
  const set = { 'podSecurityContext.runAsUser': 4711, 'podSecurityContext.fsGroup': null, 'securityContext.privileged': false }
  const { spec } = render('sidecar', set).one('Deployment').spec.template
  assert.equal(spec.securityContext.runAsUser, 4711)
  assert(!('fsGroup' in spec.securityContext))
  for (const { securityContext } of [...spec.initContainers, ...spec.containers]) {
    assert.equal(securityContext.privileged, false)
    assert.equal(securityContext.readOnlyRootFilesystem, true)
  }
})

test('volumes, mounts and containers of the user', () => {
  const set = {
    extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }],
    extraContainers: [{ name: 'beside', image: 'beside:1' }],
    extraInitContainers: [{ name: 'before', image: 'before:1' }],
    extraEnvFrom: [{ secretRef: { name: 'more' } }],
    revisionHistoryLimit: 3,
  }
  for (const [name, before] of [
    ['external', ['before']],
    ['sidecar', ['before', 'login']],
  ]) {
    const { spec } = render(name, set).one('Deployment')
    const { initContainers, containers, volumes } = spec.template.spec
    assert.equal(spec.revisionHistoryLimit, 3)
    assert.deepEqual(initContainers.map((one) => one.name), before)
    assert.deepEqual(containers.map((one) => one.name), ['router', 'beside'])
    assert(volumes.some((one) => one.name === 'ca'))
    const [router] = containers
    assert(router.volumeMounts.some((one) => one.mountPath === '/etc/ca'))
    assert.deepEqual(router.envFrom, set.extraEnvFrom)
  }
})

test('a variable of the user replaces that of the chart', () => {
  const extraEnv = [
    { name: 'MAX_HELD', value: '7' },
    { name: 'LOG_LEVEL', value: 'debug' },
    { name: 'STORAGE_CLASS', valueFrom: { configMapKeyRef: { name: 'classes', key: 'fast' } } },
    { name: 'GIT_SSL_CAINFO', value: '/etc/ca/ca.crt' },
  ]
  for (const name of ['external', 'sidecar']) {
    const [{ env }] = render(name, { extraEnv }).one('Deployment').spec.template.spec.containers
    for (const entry of extraEnv) assert.deepEqual(env.filter((one) => one.name === entry.name), [entry])
    const names = env.map((one) => one.name)
    assert.equal(new Set(names).size, names.length, names)
  }
})
