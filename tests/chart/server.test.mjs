// A real API server takes what the chart makes, in namespaces that enforce the restricted standard. Nothing is started.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { chart, helm, release, values } from './support/chart.mjs'

const kubeconfig = process.env.TEST_KUBECONFIG
// Kinds that a plain cluster does not have.
const FOREIGN = ['HTTPRoute', 'ServiceMonitor']

function kubectl(args, input) {
  const all = ['--kubeconfig', kubeconfig, ...args]
  return spawnSync(process.env.KUBECTL ?? 'kubectl', all, { input, encoding: 'utf8' })
}

for (const name of ['external', 'sidecar']) {
  test(`${name}: the API server accepts all of it`, { skip: kubeconfig ? false : 'TEST_KUBECONFIG is not set' }, (t) => {
    const own = `chart-${process.pid}-${name}`
    const places = [own, `${own}-sessions`]
    t.after(() => kubectl(['delete', 'namespace', '--wait=false', ...places]))
    for (const place of places) {
      assert.equal(kubectl(['create', 'namespace', place]).status, 0)
      const modes = ['enforce', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}=restricted`)
      assert.equal(kubectl(['label', 'namespace', place, ...modes]).status, 0)
    }
    const set = { 'sessions.namespace': places[1], 'ingress.enabled': true }
    const made = helm(['template', release, chart, '--namespace', own], [values(name)], set)
    const known = parseAllDocuments(made.stdout).map((one) => one.toJS()).filter((one) => one && !FOREIGN.includes(one.kind))
    const input = known.map((object) => stringify(object)).join('---\n')

    const { status, stdout, stderr } = kubectl(['apply', '--dry-run=server', '-f', '-'], input)
    assert.equal(status, 0, stderr)
    assert.equal(stdout.trim().split('\n').length, known.length)
    assert.doesNotMatch(stderr, /would violate|unknown field/i)
  })
}
