// prePull: the images of the profiles are on the nodes before a session needs them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespace, refusal, render, values } from './support/chart.mjs'
import { assertRestricted } from './support/restricted.mjs'

const SESSION = 'opencode-session:0.1.0'
const PROFILES = `
profiles:
  base:
    abstract: true
    image: base:1
    imagePullSecrets: [registry]
    nodeSelector: {disk: ssd, pool: agents}
    tolerations: [{key: dedicated, operator: Exists, effect: NoExecute, tolerationSeconds: 300}]
    sidecars: [{name: db, image: "db:1"}, {name: other}]
  small: {}
  same: {title: The same image}
  tools: {extends: base, image: "devbox:2", tools: {image: "tools:3"}, nodeSelector: {pool: null, zone: a}}
  grandchild: {extends: tools, nodeSelector: {$patch: replace, gpu: "true"}, imagePullSecrets: null, affinity: {nodeAffinity: {a: b}, podAffinity: {c: d}}}
  local: {image: "local:1", imagePullPolicy: Never}
`

/** What each DaemonSet keeps, by image. */
function kept(set) {
  return render('sidecar', { 'prePull.enabled': true, ...set }).all('DaemonSet').map(({ metadata, spec }) => {
    const pod = spec.template.spec
    const [program] = pod.initContainers
    const [image] = pod.containers
    return { metadata, spec, pod, image, program }
  })
}

test('it is off by default, and without profiles it keeps the image of sessions', () => {
  assert.deepEqual(render('sidecar', { profiles: PROFILES }).all('DaemonSet'), [])
  const [{ image, program, pod, metadata, spec }, ...more] = kept({ 'sessions.imagePullSecretName': 'pull' })
  assert.deepEqual(more, [])
  assert.deepEqual([image.image, image.command], [SESSION, ['/program/opencode-session', 'wait']])
  assert.deepEqual([program.image, program.command], [SESSION, ['opencode-session', 'install', '/program']])
  assert.deepEqual(pod.imagePullSecrets, [{ name: 'pull' }])
  assert.equal(metadata.namespace, `${namespace}-sessions`)
  assert.equal(spec.updateStrategy.rollingUpdate.maxUnavailable, '100%')
})

test('each image is kept once, where its profiles run', () => {
  const all = kept({ profiles: PROFILES, 'sessions.imagePullSecretName': 'pull' })
  const found = all.map(({ image, program, pod }) => {
    const secrets = pod.imagePullSecrets?.map(({ name }) => name)
    return JSON.stringify([image.image, program.image, secrets ?? [], pod.nodeSelector ?? {}, pod.tolerations?.length ?? 0])
  })
  const [near, gpu] = [{ disk: 'ssd', zone: 'a' }, { gpu: 'true' }]
  const expected = [
    ['db:1', 'tools:3', ['registry'], near, 1],
    ['db:1', 'tools:3', [], gpu, 1],
    ['devbox:2', 'tools:3', ['registry'], near, 1],
    ['devbox:2', 'tools:3', [], gpu, 1],
    [SESSION, SESSION, ['pull'], {}, 0],
  ]
  assert.deepEqual(found.sort(), expected.map((one) => JSON.stringify(one)).sort())
  assert.equal(all[0].pod.tolerations[0].tolerationSeconds, 300)
  const { pod, program } = all.find(({ pod }) => pod.nodeSelector?.gpu)
  assert.deepEqual(pod.affinity, { nodeAffinity: { a: 'b' } })
  assert.deepEqual(program.command, ['/tools-image/bin/opencode-session', 'install', '/program'])
})

test('the Pods satisfy the restricted standard, cost little, and are no sessions', () => {
  for (const openshift of [false, true]) {
    const all = kept({ profiles: PROFILES, openshift })
    for (const { spec, pod } of all) {
      const { labels } = spec.template.metadata
      assertRestricted({ metadata: { labels }, spec: pod }, !openshift)
      assert.equal(pod.automountServiceAccountToken, false)
      for (const { resources } of [...pod.initContainers, ...pod.containers]) {
        assert.deepEqual(resources, { requests: { cpu: '1m', memory: '8Mi' }, limits: { memory: '32Mi' } })
      }
      for (const [key, value] of Object.entries(spec.selector.matchLabels)) assert.equal(labels[key], value)
      assert.equal(labels['app.kubernetes.io/component'], 'pre-pull')
      assert.equal(labels['app.kubernetes.io/name'], 'opencode-router')
    }
    const chosen = all.map(({ spec }) => JSON.stringify(spec.selector.matchLabels))
    assert.equal(new Set(chosen).size, chosen.length)
  }
})

test('a text that is no profiles file is refused', () => {
  for (const profiles of ['profiles: [', 'profiles: 1', 'other: {}']) {
    assert.match(refusal([values('sidecar')], { 'prePull.enabled': true, profiles }), /profiles cannot be read/)
  }
})
