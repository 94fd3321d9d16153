// An OpenID Connect provider that logs in every visitor as the test's user, without a question.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'

const encode = (object) => Buffer.from(JSON.stringify(object)).toString('base64url')

/** A running provider: its address, and `user`, the claims of the next login. */
export async function provider() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'only', alg: 'RS256', use: 'sig' }
  const asked = new Map()
  const self = { user: {} }

  function token(claims) {
    const signed = `${encode({ alg: 'RS256', kid: key.kid })}.${encode(claims)}`
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
  }

  const pages = {
    '/.well-known/openid-configuration': () => ({
      issuer: self.url,
      authorization_endpoint: `${self.url}/authorize`,
      token_endpoint: `${self.url}/token`,
      jwks_uri: `${self.url}/keys`,
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    }),
    '/keys': () => ({ keys: [key] }),
    '/token': (_, form) => {
      const { client_id, nonce, code_challenge } = asked.get(form.get('code'))
      // The same client must request and redeem the code (RFC 7636).
      if (createHash('sha256').update(form.get('code_verifier')).digest('base64url') !== code_challenge) return
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: self.url, aud: client_id, iat: now, exp: now + 600, nonce, ...self.user }
      // As large as tokens of Keycloak and Entra ID can be. Random, so that compression does not help.
      const large = () => randomBytes(3000).toString('base64url')
      const unused = { access_token: large(), refresh_token: large() }
      return { ...unused, token_type: 'Bearer', expires_in: 600, id_token: token(claims) }
    },
  }
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, self.url)
    if (pathname === '/authorize') {
      const code = String(asked.size)
      asked.set(code, Object.fromEntries(searchParams))
      const back = new URL(searchParams.get('redirect_uri'))
      back.search = new URLSearchParams({ code, state: searchParams.get('state') })
      return response.writeHead(302, { location: back.href }).end()
    }
    const body = Buffer.concat(await request.toArray()).toString()
    const answer = pages[pathname]?.(searchParams, new URLSearchParams(body))
    response.writeHead(answer ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  self.url = `http://127.0.0.1:${server.address().port}`
  self.close = () => server.close()
  return self
}
