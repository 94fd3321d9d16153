// The sessions' namespace: its own by default, of one release only, and never lost.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { apiServer } from './support/api_server.mjs'
import { KUBERNETES, chart, namespace, release, render, values } from './support/chart.mjs'

const sessions = `${namespace}-sessions`

/** Renders the chart for a cluster with these objects. */
async function install(objects, set = {}) {
  const server = await apiServer(objects)
  const words = ['template', release, chart, '--namespace', namespace, '--values', values('sidecar'), ...KUBERNETES]
  words.push(...server.flags)
  for (const [key, value] of Object.entries(set)) words.push('--set-json', `${key}=${JSON.stringify(value)}`)
  // Not spawnSync: this process answers.
  const helm = spawn(process.env.HELM, words)
  let [stdout, stderr] = ['', '']
  helm.stdout.on('data', (data) => (stdout += data))
  helm.stderr.on('data', (data) => (stderr += data))
  const [code] = await once(helm, 'close')
  server.close()
  const made = code === 0 ? parseAllDocuments(stdout).map((one) => one.toJS()).filter(Boolean) : []
  return { code, stderr, namespaces: made.filter(({ kind }) => kind === 'Namespace') }
}

const inNamespace = (name, annotations = {}) => ({ kind: 'Namespace', apiVersion: 'v1', metadata: { name, annotations } })
const by = (name, home) => ({ 'meta.helm.sh/release-name': name, 'meta.helm.sh/release-namespace': home })
const claim = (place, manager) => ({
  kind: 'PersistentVolumeClaim',
  apiVersion: 'v1',
  metadata: { name: 'claim', namespace: place, labels: { 'app.kubernetes.io/managed-by': manager } },
})
const binding = (annotations, name = 'x-opencode-router-sessions', label = 'opencode-router-0.1.0') => ({
  kind: 'RoleBinding',
  apiVersion: 'rbac.authorization.k8s.io/v1',
  metadata: { name, namespace: sessions, annotations, labels: { 'helm.sh/chart': label } },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
})

test('the namespace is created, kept, and held to the restricted standard', () => {
  const [object, ...more] = render('sidecar').all('Namespace')
  assert.deepEqual(more, [])
  assert.equal(object.metadata.name, sessions)
  assert.equal(object.metadata.annotations['helm.sh/resource-policy'], 'keep')
  assert.equal(object.metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted')
  assert.deepEqual(render('sidecar', { 'sessions.createNamespace': false }).all('Namespace'), [])
  // Sessions in the router's namespace, which exists.
  assert.deepEqual(render('external').all('Namespace'), [])
})

test('an existing namespace is left alone, unless this release made it', async () => {
  assert.equal((await install([])).namespaces.length, 1)
  const known = await install([inNamespace(sessions)])
  assert.equal(known.code, 0, known.stderr)
  assert.deepEqual(known.namespaces, [])
  assert.equal((await install([inNamespace(sessions, by(release, namespace))])).namespaces.length, 1)
})

test('sessions of an earlier default are not lost', async () => {
  const earlier = [claim(namespace, 'opencode-router')]
  const { code, stderr } = await install(earlier)
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`has sessions from before .* keep them with sessions\\.namespace: ${namespace}\\.`))
  for (const set of [{ 'sessions.namespace': namespace }, { 'sessions.namespace': 'elsewhere' }]) {
    const said = await install(earlier, set)
    assert.equal(said.code, 0, said.stderr)
  }
  const others = await install([claim(namespace, 'postgres'), claim(sessions, 'opencode-router')])
  assert.equal(others.code, 0, others.stderr)
})

test('two releases do not serve the same sessions', async () => {
  for (const owner of [by('other', namespace), by(release, 'other')]) {
    const { code, stderr } = await install([binding(owner)])
    assert.equal(code, 1)
    const [name, home] = Object.values(owner)
    assert.match(stderr, new RegExp(`Release ${name} in namespace ${home} serves the sessions in namespace ${sessions}: `))
  }
  for (const harmless of [
    binding(by(release, namespace)),
    binding(by('other', 'other'), 'x-opencode-router-replicas'),
    binding(by('other', 'other'), 'db-sessions', 'db-1.0.0'),
  ]) {
    const { code, stderr } = await install([harmless])
    assert.equal(code, 0, stderr)
  }
})
