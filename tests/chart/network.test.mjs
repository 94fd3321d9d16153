// Which pods can connect to which.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespace, release, render } from './support/chart.mjs'
import { connects } from './support/network.mjs'

const pod = (place, ip, labels) => ({ namespace: place, ip, labels })
const address = (ip) => ({ ip })

const outside = address('198.51.100.9')
const dns = pod('kube-system', '10.244.0.2', { 'k8s-app': 'kube-dns' })
const ingressController = pod('ingress', '10.244.0.8', { app: 'ingress' })
const prometheus = pod('monitoring', '10.244.0.9', { app: 'prometheus' })
const loginProxy = pod(namespace, '10.244.0.10', { 'app.kubernetes.io/name': 'oauth2-proxy' })
const stranger = pod(namespace, '10.244.0.11', { app: 'something' })
const apiServer = address('10.0.0.1')

function world(name, set) {
  const objects = render(name, set)
  const place = objects.environment().OPENCODE_NAMESPACE
  const session = (ip, id) =>
    pod(place, ip, {
      'app.kubernetes.io/managed-by': 'opencode-router',
      'app.kubernetes.io/name': 'opencode-session',
      'app.kubernetes.io/instance': id,
    })
  return {
    policies: objects.all('NetworkPolicy'),
    router: pod(namespace, '10.244.0.3', objects.one('Deployment').spec.template.metadata.labels),
    session: session('10.244.0.20', '0123456789abcdef0123'),
    sibling: session('10.244.0.21', '3210fedcba9876543210'),
  }
}

for (const name of ['external', 'sidecar']) {
  const { policies, router, session, sibling } = world(name)
  const may = (...connection) => connects(policies, ...connection)

  test(`${name}: code in a session reaches the internet and no private network`, () => {
    for (const ip of ['1.1.1.1', '100.63.0.1', '172.32.0.1', '2606:4700::1111']) assert(may(session, address(ip), 443), ip)
    const closed = ['169.254.169.254', '168.63.129.16', '10.96.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '127.0.0.1']
    const closed6 = ['fd00:ec2::254', 'fd20:ce::254', 'fe80::1', 'fec0::1', 'ff02::1', '::1', '::a00:1', '2002:a00:1::']
    // Of NAT64 only what leads to the internet: 140.82.121.3, not 10.0.0.1, 169.254.169.254 or 192.168.1.1.
    assert(may(session, address('64:ff9b::8c52:7903'), 443))
    closed6.push('64:ff9b::a00:1', '64:ff9b::a9fe:a9fe', '64:ff9b::c0a8:101', '64:ff9b::1', '64:ff9b:1::a00:1')
    for (const ip of [...closed, ...closed6]) {
      for (const port of [22, 80, 443, 6443, 10250]) assert(!may(session, address(ip), port), `${ip} ${port}`)
    }
  })

  test(`${name}: a session reaches the DNS servers, and nothing else of theirs`, () => {
    assert(may(session, dns, 53, 'UDP') && may(session, dns, 53))
    assert(!may(session, dns, 9153) && !may(session, stranger, 53, 'UDP'))
    const onNode = address('169.254.20.10')
    assert(may(session, onNode, 53, 'UDP') && may(router, onNode, 53) && !may(session, onNode, 80))
  })

  test(`${name}: sessions reach neither each other nor the router`, () => {
    for (const port of [3000, 4096, 4180, 8080, 9090]) {
      assert(!may(session, sibling, port), `sibling ${port}`)
      assert(!may(session, router, port), `router ${port}`)
    }
  })

  test(`${name}: only the router reaches sessions, and of them only opencode and the usage`, () => {
    assert(may(router, session, 4096) && may(router, session, 14096))
    for (const port of [22, 1024, 3000, 65535]) assert(!may(router, session, port), port)
    for (const other of [loginProxy, ingressController, prometheus, stranger, outside]) {
      for (const port of [4096, 14096]) assert(!may(other, session, port), JSON.stringify(other))
    }
  })

  test(`${name}: the router reaches the API server, Git servers and DNS`, () => {
    assert(may(router, apiServer, 6443) && may(router, address('10.96.0.1'), 443) && may(router, outside, 443))
    assert(may(router, dns, 53, 'UDP'))
    assert(!may(router, stranger, 8080) && !may(router, outside, 80))
  })

  test(`${name}: the attach port is open`, () => {
    assert(may(ingressController, router, 4096) && may(outside, router, 4096))
  })
}

test('only the login proxy reaches the port where users are named', () => {
  const { policies, router } = world('external')
  assert(connects(policies, loginProxy, router, 3000))
  const elsewhere = { ...loginProxy, namespace: 'other' }
  for (const other of [ingressController, prometheus, stranger, outside, elsewhere]) {
    assert(!connects(policies, other, router, 3000), JSON.stringify(other))
  }
})

test('with the sidecar nobody but the test reaches the port where users are named', () => {
  const { policies, router } = world('sidecar')
  for (const other of [loginProxy, ingressController, stranger, outside]) {
    assert(!connects(policies, other, router, 3000), JSON.stringify(other))
    assert(connects(policies, other, router, 4180), JSON.stringify(other))
  }
  const helmTest = pod(namespace, '10.244.0.30', {
    'app.kubernetes.io/instance': release,
    'app.kubernetes.io/component': 'test',
  })
  assert(connects(policies, helmTest, router, 3000))
})

test('metrics are for whom they are meant', () => {
  const { policies, router } = world('sidecar')
  assert(connects(policies, prometheus, router, 9090))
  for (const other of [ingressController, stranger, outside]) assert(!connects(policies, other, router, 9090))
  const nobody = world('sidecar', { 'networkPolicy.router.metricsFrom': [] })
  assert(!connects(nobody.policies, prometheus, nobody.router, 9090))
})

test('sessions reach the private networks that are allowed, and lose what is blocked', () => {
  const { policies, session } = world('sidecar')
  assert(connects(policies, session, address('10.1.2.3'), 443) && connects(policies, session, address('10.1.2.3'), 22))
  assert(!connects(policies, session, address('10.1.2.3'), 80) && !connects(policies, session, address('10.1.2.4'), 443))
  assert(!connects(policies, session, address('203.0.113.7'), 443))
  assert(!connects(policies, session, address('64:ff9b::cb00:7107'), 443) && connects(policies, session, address('64:ff9b::cb00:7108'), 443))
})

test('the test pod with a session\'s labels is held to a session\'s policy, and to no other', () => {
  for (const name of ['external', 'sidecar']) {
    const { policies, router } = world(name)
    const [test] = render(name).all('Pod').filter((one) => one.metadata.name.endsWith('test-session'))
    const there = pod(test.metadata.namespace, '10.244.0.40', test.metadata.labels)
    for (const port of [3000, 4096]) assert(!connects(policies, there, router, port))
    assert.notEqual(test.metadata.labels['app.kubernetes.io/managed-by'], 'opencode-router')
    // The router's policy admits pods of the component “test”.
    assert.notEqual(test.metadata.labels['app.kubernetes.io/component'], 'test')
  }
})

test('without network policies there are none', () => {
  assert.equal(render('external', { 'networkPolicy.enabled': false }).all('NetworkPolicy').length, 0)
})

test('on OpenShift the DNS pods are reached at their own port', () => {
  const { policies, router, session } = world('sidecar', { openshift: true })
  const openshiftDns = pod('openshift-dns', '10.128.0.5', { 'dns.operator.openshift.io/daemonset-dns': 'default' })
  for (const from of [router, session]) {
    assert(connects(policies, from, openshiftDns, 5353, 'UDP') && connects(policies, from, openshiftDns, 5353))
    assert(!connects(policies, from, openshiftDns, 9154))
  }
})
