// The router's rights in the cluster: exactly what it needs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespace, render } from './support/chart.mjs'

const CORE = {
  pods: ['get', 'list', 'watch', 'create', 'delete'],
  'pods/log': ['get'],
  persistentvolumeclaims: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  secrets: ['get', 'create', 'patch', 'delete'],
  events: ['list'],
}
const LEASES = { 'coordination.k8s.io/leases': ['get', 'list', 'create', 'update', 'delete'] }

/** What a Role allows, as {group/resource: verbs}. */
function allowed(role) {
  const rights = {}
  for (const { apiGroups, resources, verbs, ...more } of role.rules) {
    assert.deepEqual(more, {})
    for (const group of apiGroups) for (const resource of resources) rights[`${group}/${resource}`] = verbs
  }
  return rights
}

for (const [name, place] of [
  ['external', namespace],
  ['sidecar', `${namespace}-sessions`],
]) {
  const objects = render(name)

  test(`${name}: the rights in the sessions' namespace`, () => {
    const role = objects.one('Role', '-sessions')
    assert.equal(role.metadata.namespace, place)
    const expected = Object.fromEntries(Object.entries(CORE).map(([resource, verbs]) => [`/${resource}`, verbs]))
    assert.deepEqual(allowed(role), { ...expected, ...LEASES })
  })

  test(`${name}: the rights are the router's, and there are no others`, () => {
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
