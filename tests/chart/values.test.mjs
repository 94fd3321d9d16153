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

test('the image of sessions is needed unless each profile has one', () => {
  const [image, profiles] = [{ 'sessions.image': null }, (text) => ({ profiles: `profiles:\n  base: {abstract: true}\n  a: ${text}\n` })]
  assert.match(refusal(external, image), /at '\/sessions': missing property 'image'/)
  assert.match(refusal(external, { ...image, ...profiles('{extends: base}') }), /The profile a has no image: name one/)
  const objects = render('external', { ...image, ...profiles('{extends: base, image: "box:1"}') })
  const [router] = objects.all('Deployment')[0].spec.template.spec.containers
  assert(!router.env.some(({ name }) => name === 'OPENCODE_IMAGE'))
  // The others run that image.
  assert.deepEqual(objects.all('Pod').map(({ metadata }) => metadata.name.replace(/.*-test-/, '')), ['doctor'])
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
  ['/peerLimitExemptCidrs/0', { peerLimitExemptCidrs: ['10.0.0.1'] }],
  ['/sessions/image', { 'sessions.image': '' }],
  ['/sessions/memoryLimit', { 'sessions.memoryLimit': 'lots' }],
  ['/sessions/storage/size', { 'sessions.storage.size': 2 }],
  ['/sessions/storage/ttlDays', { 'sessions.storage.ttlDays': -1 }],
  ['/sessions/idleTimeoutMinutes', { 'sessions.idleTimeoutMinutes': 0 }],
  ['/metrics/port', { 'metrics.port': 80 }],
  ['/extraEnv/0/name', { extraEnv: [{ name: 'MAX-HELD', value: '1' }] }],
  ['/extraVolumes/0', { extraVolumes: [{ configMap: { name: 'x' } }] }],
  ['/sessions/image/digest', { 'sessions.image': { repository: 'a', digest: 'sha256:1' } }],
  ["/sessions/image': missing property 'repository'", { 'sessions.image': { tag: '1' } }],
  ['/global/imageRegistry', { 'global.imageRegistry': 'https://mirror.example.org' }],
  ['/service/ipFamilies/0', { 'service.ipFamilies': ['IPv5'] }],
  ['/sessions/tmpSize', { 'sessions.tmpSize': '' }],
  ['/openshift', { openshift: 'yes' }],
  ['/revisionHistoryLimit', { revisionHistoryLimit: -1 }],
  ['/limitRange/limits/0', { limitRange: { enabled: true, limits: [{ max: {} }] } }],
  ["/certificate/issuerRef': additional properties 'nam'", { 'certificate.issuerRef': { nam: 'x' } }],
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
  [external, { 'prometheusRule.enabled': true }, /prometheusRule\.enabled needs metrics\.enabled/],
  [external, { 'certificate.enabled': true }, /needs certificate\.issuerRef/],
  [external, { 'loginProxy.gitTokenHeader': 'X-Forwarded-Access-Token' }, /gitTokenHeader and loginProxy\.gitServer need each other/],
  [external, { 'loginProxy.gitServer': 'github.com' }, /gitTokenHeader and loginProxy\.gitServer need each other/],
  [
    external,
    { 'loginProxy.gitTokenHeader': 'X-Auth-Request-Email', 'loginProxy.gitServer': 'github.com' },
    /gitTokenHeader cannot be X-Auth-Request-Email/,
  ],
  [external, { 'resourceQuota.enabled': true }, /needs resourceQuota\.hard/],
  [external, { 'limitRange.enabled': true }, /needs limitRange\.limits/],
  [external, { extraEnv: [{ name: 'DEV_EMAIL', value: 'me@localhost' }] }, /extraEnv cannot set DEV_EMAIL/],
  [external, { extraEnv: [{ name: 'METRICS_PORT', value: '1' }] }, /extraEnv cannot set METRICS_PORT\. Use metrics\.port/],
  [external, { extraEnv: ['1', '2'].map((value) => ({ name: 'MAX_HELD', value })) }, /extraEnv has MAX_HELD twice/],
  [external, { 'global.imageRegistry': 'mirror.example.org' }, /cannot replace the registry in sessions\.image/],
  [
    sidecar,
    { 'global.imageRegistry': 'mirror.example.org', 'image.repository': 'ghcr.example/opencode-router' },
    /image\.repository names a registry/,
  ],
  [sidecar, { 'loginProxy.sidecar.image': { repository: 'oauth2-proxy' } }, /sidecar\.image needs a tag or a digest/],
  [sidecar, { 'sessions.namespace': 'a'.repeat(64) }, /namespace/],
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

const images = (set) => {
  const objects = render('sidecar', set)
  const { initContainers, containers } = objects.one('Deployment').spec.template.spec
  for (const { metadata, spec } of objects.all('Pod')) {
    const expected = metadata.name.endsWith('-doctor') ? containers[0].image : objects.environment().OPENCODE_IMAGE
    assert.equal(spec.containers[0].image, expected, metadata.name)
  }
  return [containers[0].image, objects.environment().OPENCODE_IMAGE, initContainers[0].image]
}

test('the three images, by registry, tag and digest', () => {
  assert.deepEqual(images({}), ['opencode-router:0.1.0', 'opencode-session:0.1.0', 'oauth2-proxy:v7.15.3'])
  const mirror = 'mirror.example.org:5000/team'
  assert.deepEqual(
    images({ 'global.imageRegistry': mirror, 'image.registry': 'ghcr.example' }),
    ['opencode-router:0.1.0', 'opencode-session:0.1.0', 'oauth2-proxy:v7.15.3'].map((image) => `${mirror}/${image}`),
  )
  const digest = `sha256:${'0'.repeat(64)}`
  assert.deepEqual(
    images({
      image: { registry: 'ghcr.example', repository: 'r', tag: '2' },
      'sessions.image': { repository: 's', tag: '3', digest },
      'loginProxy.sidecar.image': 'quay.example/oauth2-proxy:v8',
    }),
    ['ghcr.example/r:2', `s@${digest}`, 'quay.example/oauth2-proxy:v8'],
  )
})
