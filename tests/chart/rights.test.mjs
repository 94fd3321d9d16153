// The router's rights in the cluster: exactly what it needs.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { namespace, render } from './support/chart.mjs'

const built = ['debug', 'release'].map((kind) => fileURLToPath(new URL(`../../target/${kind}/opencode-router`, import.meta.url)))
const program = process.env.ROUTER_PROGRAM ?? built.find(existsSync)
const skip = program || process.env.CI === 'true' ? false : 'the router is not built: run `cargo build`'

/** The table in the router's code, as {group/resource: verbs}. All rights are in the sessions' namespace. */
function needed() {
  const table = JSON.parse(execFileSync(program, ['print-rights'], { encoding: 'utf8' }))
  assert(table.length > 0)
  return Object.fromEntries(
    table.map(({ namespace, group, resource, subresource, verbs }) => {
      assert.equal(namespace, 'sessions')
      return [`${group}/${[resource, subresource].filter(Boolean).join('/')}`, verbs.toSorted()]
    }),
  )
}

/** What a Role allows, as {group/resource: verbs}. */
function allowed(role) {
  const rights = {}
  for (const { apiGroups, resources, verbs, ...more } of role.rules) {
    assert.deepEqual(more, {})
    for (const group of apiGroups) for (const resource of resources) rights[`${group}/${resource}`] = verbs.toSorted()
  }
  return rights
}

for (const [name, place] of [
  ['external', namespace],
  ['sidecar', `${namespace}-sessions`],
]) {
  const objects = render(name)

  test(`${name}: the Role has the rights that the router needs, and no others`, { skip }, () => {
    const role = objects.one('Role', '-sessions')
    assert.equal(role.metadata.namespace, place)
    assert.deepEqual(allowed(role), needed())
  })

  test(`${name}: only the router has these rights, and there are no other Roles`, () => {
    const bindings = objects.all('RoleBinding')
    assert.deepEqual(bindings.map((one) => one.roleRef.name).sort(), objects.all('Role').map((one) => one.metadata.name).sort())
    for (const { metadata, roleRef, subjects } of bindings) {
      const role = objects.all('Role').find((one) => one.metadata.name === roleRef.name)
      assert.equal(metadata.namespace, role.metadata.namespace)
      const account = objects.one('ServiceAccount').metadata.name
      assert.deepEqual(subjects, [{ kind: 'ServiceAccount', name: account, namespace }])
      assert.equal(objects.one('Deployment').spec.template.spec.serviceAccountName, account)
    }
    assert.deepEqual([...objects.all('ClusterRole'), ...objects.all('ClusterRoleBinding')], [])
  })
}

test('only the router has the token, not the login beside it', () => {
  const { spec } = render('sidecar').one('Deployment').spec.template
  assert.equal(spec.automountServiceAccountToken, false)
  const withToken = [...spec.initContainers, ...spec.containers].filter((container) =>
    container.volumeMounts.some((mount) => mount.name === 'api-access'),
  )
  assert.deepEqual(withToken.map((container) => container.name), ['router'])
})

test('by default the router has no rights where the login has its Secret', () => {
  const objects = render('sidecar')
  const places = objects.all('RoleBinding').map(({ metadata }) => metadata.namespace)
  assert.deepEqual(places, [`${namespace}-sessions`])
  assert.equal(objects.one('Deployment').metadata.namespace, namespace)
})
