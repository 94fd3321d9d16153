// Objects that are off by default: limits, alerts, a certificate.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { namespace, render } from './support/chart.mjs'

const OPTIONAL = ['ResourceQuota', 'LimitRange', 'PrometheusRule', 'Certificate', 'ServiceMonitor', 'HTTPRoute']
const objects = render('sidecar')

test('they are off by default', () => {
  for (const kind of OPTIONAL) assert.deepEqual(render('external').all(kind), [], kind)
})

test('the limits apply to sessions', () => {
  for (const [kind, spec] of [
    ['ResourceQuota', { hard: { pods: '100' } }],
    ['LimitRange', { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '20Gi' } }] }],
  ]) {
    const object = objects.one(kind, '-sessions')
    assert.equal(object.metadata.namespace, objects.environment().OPENCODE_NAMESPACE)
    assert.deepEqual(object.spec, spec)
  }
})

test('alerts ask for metrics that exist', () => {
  const source = readFileSync(fileURLToPath(new URL('../../src/api/metrics.rs', import.meta.url)), 'utf8')
  const { rules } = objects.one('PrometheusRule').spec.groups[0]
  const asked = rules.flatMap(({ expr }) => expr.match(/opencode_router_[a-z_]+/g))
  assert(asked.length >= 4)
  for (const name of asked) assert(source.includes(`"${name.replace('opencode_router_', '')}"`), name)
  for (const { expr } of rules) assert(expr.includes(`{namespace="${namespace}", job="oc-opencode-router"`), expr)
})

test('the certificate covers every host, and the Ingress uses it', () => {
  const covers = (set) => render('sidecar', set).one('Certificate').spec.dnsNames
  assert.deepEqual(covers({}), ['oc.example.org', '*.oc.example.org'])
  const hosts = { routerHost: 'a.b.oc.example.org', 'attach.host': 'attach.example.org' }
  assert.deepEqual(covers(hosts), ['oc.example.org', '*.oc.example.org', 'a.b.oc.example.org', 'attach.example.org'])

  const set = { 'httpRoute.enabled': false, 'ingress.enabled': true }
  const own = render('sidecar', set)
  assert.equal(own.one('Certificate').spec.secretName, 'oc-opencode-router-tls')
  for (const { spec } of own.all('Ingress')) assert.equal(spec.tls[0].secretName, 'oc-opencode-router-tls')
  const named = render('sidecar', { ...set, 'ingress.tlsSecretName': 'mine' })
  assert.equal(named.one('Certificate').spec.secretName, 'mine')
})

test('profiles are a file of the router and of the doctor, in their order', () => {
  const none = render('external')
  assert.equal(none.environment().PROFILES_FILE, undefined)
  assert(!none.all('ConfigMap').some(({ metadata }) => metadata.name.endsWith('-profiles')))

  const text = 'profiles:\n  small: {}\n  large: {resources: {limits: {memory: 8Gi}}}\n'
  const some = render('external', { profiles: text })
  const { name } = some.one('ConfigMap', '-profiles').metadata
  assert.equal(some.one('ConfigMap', '-profiles').data['profiles.yaml'], text)
  assert.equal(some.environment().PROFILES_FILE, '/etc/opencode-router/profiles.yaml')
  for (const pod of [some.one('Deployment').spec.template, some.one('Pod', '-test-doctor')]) {
    const volume = pod.spec.volumes.find((volume) => volume.configMap?.name === name)
    const mount = pod.spec.containers[0].volumeMounts.find((mount) => mount.name === volume.name)
    assert.equal(mount.mountPath, '/etc/opencode-router')
  }
})
