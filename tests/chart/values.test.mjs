// Messages about missing or wrong values.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chart, helm, refusal, render, values } from './support/chart.mjs'

const external = [values('external')]
const sidecar = [values('sidecar')]

test('lint has nothing to say', () => {
  for (const files of [external, sidecar]) {
    const { ok, stdout, stderr } = helm(['lint', '--strict', chart], files)
    assert(ok, stdout + stderr)
    assert.doesNotMatch(stdout + stderr, /WARNING|ERROR/)
  }
})

test('what has no default is asked for by name', () => {
  const said = refusal([])
  assert.match(said, /at '': missing property 'domain'/)
  assert.match(said, /at '\/sessions': missing property 'image'/)
  assert.match(said, /at '\/loginProxy': missing property 'trustedCidrs'/)
  for (const key of ['issuerUrl', 'clientId', 'secretName', 'image']) {
    assert.match(refusal(sidecar, { [`loginProxy.sidecar.${key}`]: '' }), new RegExp(`at '/loginProxy/sidecar/${key}'`))
  }
  assert.match(refusal(sidecar, { 'loginProxy.sidecar.emailDomains': [] }), /at '\/loginProxy\/sidecar\/emailDomains'/)
})

const wrong = [
  ['/domain', { domain: '' }],
  ['/domain', { domain: 'https://oc.example.org' }],
  ['/domain', { domain: '*.oc.example.org' }],
  ['/routerHost', { routerHost: 'Home.example.org' }],
  ['/routeSuffix', { routeSuffix: '-oc-' }],
  ['/routeSuffix', { routeSuffix: '.oc' }],
  ['/protocol', { protocol: 'ftp' }],
  ['/replicas', { replicas: 0 }],
  ['/replicas', { replicas: '2' }],
  ['/loginProxy/trustedCidrs', { 'loginProxy.trustedCidrs': [] }],
  ['/loginProxy/trustedCidrs/0', { 'loginProxy.trustedCidrs': ['0.0.0.0/0'] }],
  ['/loginProxy/trustedCidrs/0', { 'loginProxy.trustedCidrs': ['::/0'] }],
  ['/loginProxy/trustedCidrs/0', { 'loginProxy.trustedCidrs': ['10.0.0.1'] }],
  ['/loginProxy/trustedCidrs/0', { 'loginProxy.trustedCidrs': ['everybody'] }],
  ['/sessions/image', { 'sessions.image': '' }],
  ['/sessions/memoryLimit', { 'sessions.memoryLimit': 'lots' }],
  ['/sessions/storage/size', { 'sessions.storage.size': 2 }],
  ['/sessions/storage/ttlDays', { 'sessions.storage.ttlDays': -1 }],
  ['/sessions/idleTimeoutMinutes', { 'sessions.idleTimeoutMinutes': 0 }],
  ['/metrics/port', { 'metrics.port': 80 }],
  ['/extraEnv/0', { extraEnv: [{ name: 'DEV_EMAIL', value: 'me@localhost' }] }],
  ['/networkPolicy/router/attachFrom', { 'networkPolicy.router.attachFrom': 'everyone' }],
  ['/networkPolicy/sessions/allowedCidrs/0', { 'networkPolicy.sessions.allowedCidrs': [{ cidr: '10.0.0.1' }] }],
  ["'': additional properties 'nonsense'", { nonsense: 1 }],
  ["/sessions': additional properties 'imag'", { 'sessions.imag': 'x' }],
]
for (const [place, set] of wrong) {
  test(`refused: ${JSON.stringify(set)}`, () => assert(refusal(external, set).includes(place)))
}

const contradictions = [
  [external, { 'loginProxy.service.namespace': 'login' }, /Ingress reaches Services of its own namespace only/],
  [external, { 'serviceMonitor.enabled': true }, /serviceMonitor\.enabled needs metrics\.enabled/],
  [external, { metrics: { enabled: true, port: 3000 } }, /one of the router's other ports/],
  [external, { 'attach.host': 'oc.example.org' }, /have to differ/],
  [sidecar, { 'httpRoute.parentRefs': [] }, /needs httpRoute\.parentRefs/],
  [sidecar, { routerHost: 'home.example.com' }, /has to be oc\.example\.org or below it/],
]
for (const [files, set, sentence] of contradictions) {
  test(`a contradiction: ${JSON.stringify(set)}`, () => assert.match(refusal(files, set), sentence))
}

test('a login proxy in another namespace, by HTTPRoute', () => {
  const [route] = render('external', {
    'ingress.enabled': false,
    'httpRoute.enabled': true,
    'httpRoute.parentRefs': [{ name: 'public' }],
    'loginProxy.service.namespace': 'login',
  }).all('HTTPRoute')
  assert.deepEqual(route.spec.rules[0].backendRefs, [{ name: 'oauth2-proxy', namespace: 'login', port: 80 }])
})
