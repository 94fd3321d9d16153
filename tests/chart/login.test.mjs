// The login beside the router, with the real oauth2-proxy: which users reach the router, and under which names.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { logIn, login, text, visit } from './support/login.mjs'

const program = process.env.OAUTH2_PROXY
const skip = program ? false : 'oauth2-proxy was not found'
// In ms. A request without an answer by then will never get one.
const timeout = 10_000
const session = '0123456789abcdef0123-oc.oc.example.org'
const ann = { sub: '1', email: 'ann@example.org', email_verified: true }

let proxy
before(async () => {
  if (skip) return
  proxy = await login(program, (request, response) => {
    if (request.url === '/stream') return response.write('first\n')
    const { host, cookie } = request.headers
    const emails = request.headersDistinct['x-auth-request-email']
    response.end(JSON.stringify({ host, emails, url: request.url, cookie }))
  })
})
after(() => proxy?.close())

test('a browser without a login is sent to the provider, and a program is told', { skip, timeout }, async () => {
  for (const host of ['home.oc.example.org', session]) {
    const page = await visit(proxy, host, '/', { accept: 'text/html' })
    assert.equal(page.status, 302)
    assert.ok(page.headers.location.startsWith(`${proxy.provider.url}/authorize?`), page.headers.location)
  }
  const call = await visit(proxy, 'home.oc.example.org', '/api/sessions', { 'x-auth-request-email': 'ann@example.org' })
  assert.equal(call.status, 401)
})

test('one login is good for the router and all sessions, over https only', { skip, timeout }, async () => {
  const { back, last, jar } = await logIn(proxy, ann)
  assert.equal(`${back.origin}${back.pathname}`, 'https://home.oc.example.org/oauth2/callback')
  assert.equal(last.status, 302, proxy.said())
  const [[name, { attributes, value }]] = jar
  assert.equal(jar.size, 1)
  assert.equal(name, '_oauth2_proxy')
  assert(value.length < 1000, `${value.length} bytes fit into every proxy's headers`)
  assert.match(attributes, /domain=\.?oc\.example\.org/i)
  for (const guard of [/httponly/i, /secure/i, /samesite=lax/i]) assert.match(attributes, guard)
})

test('the router hears who it is and no other name, the host and the path as they came', { skip, timeout }, async () => {
  const { cookie } = await logIn(proxy, ann)
  const forged = { cookie, 'x-auth-request-email': 'bob@example.org', 'X_Auth_Request_Email': 'bob@example.org' }
  const answer = JSON.parse(await text(await visit(proxy, session, '/file/a%2Fb%20c?d=%2F', forged)))
  assert.deepEqual(answer.emails, ['ann@example.org'])
  assert.deepEqual([answer.host, answer.url], [session, '/file/a%2Fb%20c?d=%2F'])
})

test('streams come as they are written, and upgrades become tunnels', { skip, timeout }, async () => {
  const { cookie } = await logIn(proxy, ann)
  const stream = await visit(proxy, session, '/stream', { cookie })
  const [piece] = await once(stream.body, 'data')
  assert.equal(String(piece), 'first\n')
  stream.body.destroy()

  const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'x' }
  const { status, body: tunnel } = await visit(proxy, session, '/pty', { cookie, ...upgrade })
  assert.equal(status, 101)
  let heard = ''
  tunnel.on('data', (data) => (heard += data))
  tunnel.write('typed')
  while (!heard.endsWith('typed')) await once(tunnel, 'data')
  assert.equal(heard, `${session} ann@example.org\ntyped`)
  tunnel.destroy()
})

for (const [why, user] of [
  ['of another domain', { ...ann, email: 'ann@elsewhere.org' }],
  ['that the provider does not vouch for', { ...ann, email_verified: false }],
]) {
  test(`an address ${why} gets nowhere`, { skip, timeout }, async () => {
    const { last, jar } = await logIn(proxy, user)
    assert.ok(last.status >= 400, String(last.status))
    assert.ok(!jar.has('_oauth2_proxy'))
  })
}

test("the user's token reaches the router only if the chart names a header for it", { skip, timeout: 40_000 }, async () => {
  const header = 'x-forwarded-access-token'
  const tell = (request, response) => response.end(JSON.stringify(request.headersDistinct[header] ?? []))
  const values = { 'loginProxy.gitTokenHeader': 'X-Forwarded-Access-Token', 'loginProxy.gitServer': 'git.example.org' }
  for (const [further, expected] of [
    [values, 1],
    [{}, 0],
  ]) {
    const own = await login(program, tell, further)
    try {
      const { cookie } = await logIn(own, ann)
      const sent = { cookie, ...(expected ? { [header]: 'forged' } : {}) }
      const tokens = JSON.parse(await text(await visit(own, session, '/', sent)))
      assert.equal(tokens.length, expected, own.said())
      assert.ok(!tokens.includes('forged'), 'the sidecar replaces what a client sends')
    } finally {
      own.close()
    }
  }
})
