// An API server with a few objects, for what the chart looks up. It only reads.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

const KINDS = {
  v1: { Namespace: 'namespaces', PersistentVolumeClaim: 'persistentvolumeclaims' },
  'rbac.authorization.k8s.io/v1': { RoleBinding: 'rolebindings' },
}

const version = { major: '1', minor: '34', gitVersion: 'v1.34.0' }
const group = (name) => ({ groupVersion: name, version: name.split('/').at(-1) })
const resources = (groupVersion) => ({
  kind: 'APIResourceList',
  groupVersion,
  resources: Object.entries(KINDS[groupVersion]).map(([kind, name]) => {
    return { kind, name, namespaced: kind !== 'Namespace', verbs: ['get', 'list'] }
  }),
})

/** What a path has: [kind, object], or undefined. */
function found(path, objects) {
  if (path === '/version') return version
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] }
  if (path === '/apis') {
    const groups = Object.keys(KINDS).filter((name) => name.includes('/'))
    const of = (name) => ({ name: name.split('/')[0], versions: [group(name)], preferredVersion: group(name) })
    return { kind: 'APIGroupList', groups: groups.map(of) }
  }
  for (const [groupVersion, kinds] of Object.entries(KINDS)) {
    const root = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`
    if (path === root) return resources(groupVersion)
    for (const [kind, name] of Object.entries(kinds)) {
      const of = objects.filter((object) => object.kind === kind)
      const list = new RegExp(`^${root}/namespaces/([^/]+)/${name}$`).exec(path)
      if (list) {
        const items = of.filter(({ metadata }) => metadata.namespace === list[1])
        return { kind: `${kind}List`, apiVersion: groupVersion, metadata: {}, items }
      }
      const one = new RegExp(`^${root}/${name}/([^/]+)$`).exec(path)
      if (one) return of.find(({ metadata }) => metadata.name === one[1])
    }
  }
}

/** A running server with these objects. `flags` make Helm ask it. */
export async function apiServer(objects) {
  const server = createServer((request, response) => {
    const answer = found(new URL(request.url, 'http://localhost').pathname, objects)
    const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? missing))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'chart-api-'))
  const named = (name, more) => [{ name, ...more }]
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: named('it', { cluster: { server: `http://127.0.0.1:${server.address().port}` } }),
    contexts: named('it', { context: { cluster: 'it', user: 'it' } }),
    users: named('it', { user: {} }),
  }
  writeFileSync(join(folder, 'kubeconfig'), stringify(config))
  const close = () => (server.close(), server.closeAllConnections(), rmSync(folder, { recursive: true }))
  return { flags: ['--kubeconfig', join(folder, 'kubeconfig'), '--dry-run=server'], close }
}
