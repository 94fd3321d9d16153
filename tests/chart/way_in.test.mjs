// How browsers and terminals reach the router, and which peers may name users.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { namespace, release, render } from './support/chart.mjs'

const own = `${release}-opencode-router`
const ofIngress = (object) =>
  object.spec.rules.map(({ host, http }) => {
    const [{ path, pathType, backend }] = http.paths
    assert.deepEqual([http.paths.length, path, pathType], [1, '/', 'Prefix'])
    return [host, backend.service.name, backend.service.port.number]
  })
const ofRoute = (object) =>
  object.spec.hostnames.map((host) => {
    const [{ backendRefs, matches }] = object.spec.rules
    assert.deepEqual([object.spec.rules.length, backendRefs.length, matches], [1, 1, undefined])
    return [host, backendRefs[0].name, backendRefs[0].port]
  })

test('the Ingress leads browsers to the login proxy, and attach past it', () => {
  const objects = render('external')
  assert.deepEqual(ofIngress(objects.one('Ingress')), [
    ['oc.example.org', 'oauth2-proxy', 80],
    ['*.oc.example.org', 'oauth2-proxy', 80],
  ])
  assert.deepEqual(ofIngress(objects.one('Ingress', '-attach')), [['attach.oc.example.org', own, 4096]])
  for (const { spec } of objects.all('Ingress')) {
    assert.equal(spec.ingressClassName, 'nginx')
    assert.deepEqual(spec.tls, [{ secretName: 'opencode-tls', hosts: spec.rules.map((rule) => rule.host) }])
  }
  assert.equal(objects.all('HTTPRoute').length, 0)
})

test('the HTTPRoute leads browsers to the login beside the router, and attach past it', () => {
  const objects = render('sidecar')
  assert.deepEqual(ofRoute(objects.one('HTTPRoute')), [
    ['home.oc.example.org', own, 4180],
    ['*.oc.example.org', own, 4180],
  ])
  assert.deepEqual(ofRoute(objects.one('HTTPRoute', '-attach')), [['attach.oc.example.org', own, 4096]])
  for (const { spec } of objects.all('HTTPRoute')) {
    assert.deepEqual(spec.parentRefs, [{ name: 'public', namespace: 'gateway' }])
    assert.deepEqual(spec.rules[0].timeouts, { request: '0s' })
  }
  assert.equal(objects.all('Ingress').length, 0)
})

test('without a login proxy to send them to, browsers come to the router', () => {
  const objects = render('external', { 'loginProxy.service.name': '' })
  assert.deepEqual(ofIngress(objects.one('Ingress'))[0], ['oc.example.org', own, 3000])
})

test('the login annotations of browsers are not those of attach', () => {
  const objects = render('external', { 'ingress.annotations': { login: 'yes' } })
  assert.deepEqual(objects.one('Ingress').metadata.annotations, { login: 'yes' })
  assert.equal(objects.one('Ingress', '-attach').metadata.annotations, undefined)
})

test('the way in for attach can be left to somebody else', () => {
  assert.equal(render('external', { 'ingress.attach.enabled': false }).all('Ingress').length, 1)
  assert.equal(render('sidecar', { 'httpRoute.attach.enabled': false }).all('HTTPRoute').length, 1)
})

test('the router is told the names that the way in has', () => {
  for (const [name, host] of [
    ['external', 'oc.example.org'],
    ['sidecar', 'home.oc.example.org'],
  ]) {
    const env = render(name).environment()
    assert.equal(env.ROUTER_DOMAIN, 'oc.example.org')
    assert.equal(env.ROUTER_HOST, host)
    assert.equal(env.ATTACH_URL, 'https://attach.oc.example.org')
    assert.equal(env.ROUTER_PROTO, 'https')
  }
})

test('whose word counts: the given networks, or with the sidecar the own loopback alone', () => {
  assert.equal(render('external').environment().TRUSTED_PROXY_CIDRS, '10.20.30.40/32')
  const both = { 'loginProxy.trustedCidrs': ['10.0.0.0/8'] }
  assert.equal(render('sidecar', both).environment().TRUSTED_PROXY_CIDRS, '127.0.0.1/32,::1/128')
})

test('the login beside the router overwrites the name of the user', () => {
  const objects = render('sidecar')
  const config = parse(objects.one('ConfigMap', '-login').data['config.yaml'])
  assert.deepEqual(config.injectRequestHeaders, [
    { name: 'X-Auth-Request-Email', preserveRequestValue: false, values: [{ claimSource: { claim: 'email' } }] },
  ])
  const [upstream, ...more] = config.upstreamConfig.upstreams
  assert.deepEqual(more, [])
  assert.deepEqual([upstream.path, upstream.uri, upstream.passHostHeader], ['/', 'http://127.0.0.1:3000', true])
  const [login] = objects.one('Deployment').spec.template.spec.initContainers
  assert.equal(login.restartPolicy, 'Always')
  for (const flag of [
    '--cookie-domain=.oc.example.org',
    '--redirect-url=https://home.oc.example.org/oauth2/callback',
    '--whitelist-domain=.oc.example.org',
    '--email-domain=example.org',
    '--trusted-proxy-ip=10.0.5.0/24',
    '--skip-auth-preflight=false',
  ]) {
    assert(login.args.includes(flag), flag)
  }
  // No flag may let a request bypass the login, because such a request names no user.
  for (const flag of login.args) assert(!/^--(skip-auth-(route|regex)|trusted-ip|skip-jwt)/.test(flag), flag)
})

test('the cookies of the login are those that sessions do not see', () => {
  const objects = render('sidecar', { 'loginProxy.cookieNames': ['_team'] })
  assert.equal(objects.environment().SSO_COOKIE_NAMES, '_team')
  assert(objects.one('Deployment').spec.template.spec.initContainers[0].args.includes('--cookie-name=_team'))
})

test('everything is where it belongs', () => {
  for (const name of ['external', 'sidecar']) {
    const objects = render(name)
    const places = new Set([namespace, objects.environment().OPENCODE_NAMESPACE])
    const own = objects.filter(({ kind }) => kind !== 'Namespace')
    for (const { kind, metadata } of own) assert(places.has(metadata.namespace), `${kind} ${metadata.name}`)
  }
})

test('an ingress of a private network has no limit of connections, and is not believed', () => {
  const environment = render('external').environment()
  assert.match(environment.PEER_LIMIT_EXEMPT_CIDRS, /^10\.0\.0\.0\/8,/)
  assert.doesNotMatch(environment.TRUSTED_PROXY_CIDRS, /10\.0\.0\.0\/8/)
  assert.equal(render('external', { peerLimitExemptCidrs: [] }).environment().PEER_LIMIT_EXEMPT_CIDRS, undefined)
})
