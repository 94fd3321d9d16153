// The notes after an installation say how clients reach the router.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notes } from './support/notes.mjs'

const FORWARD = 'port-forward deployment/oc-opencode-router 3000 4096'

test('a router that believes only its own loopback is reached by a port-forward', () => {
  const said = notes({ 'loginProxy.trustedCidrs': ['127.0.0.1/32', '::1/128'], 'ingress.enabled': false })
  assert(said.includes(FORWARD), said)
  assert.doesNotMatch(said, /Only the login proxy may have such an address|no client outside the cluster/)
  for (const networks of [['127.0.0.1/32', '10.0.0.0/8'], ['10.0.0.0/8']]) {
    const other = notes({ 'loginProxy.trustedCidrs': networks })
    assert(!other.includes(FORWARD), other)
    assert.match(other, /Only the login proxy may have such an address/)
  }
})

test('without the image of sessions, the notes name no test with that image', () => {
  assert.match(notes({}), /-test-session/)
  const said = notes({ 'sessions.image': null, profiles: 'profiles: {a: {image: "a:1"}}' })
  assert.doesNotMatch(said, /-test-session|from the sessions' namespace/)
})
