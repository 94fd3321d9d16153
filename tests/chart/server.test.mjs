// A real API server accepts the chart's objects in namespaces that enforce the restricted standard. Nothing is started.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments, stringify } from 'yaml'
import { chart, helm, release, values } from './support/chart.mjs'

const kubeconfig = process.env.TEST_KUBECONFIG
const skip = kubeconfig ? false : 'TEST_KUBECONFIG is not set'
// Kinds that a plain cluster lacks, with the Go module and file that define each.
const FOREIGN = {
  Certificate: ['github.com/cert-manager/cert-manager', 'deploy/crds/cert-manager.io_certificates.yaml'],
  HTTPRoute: ['sigs.k8s.io/gateway-api', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  PrometheusRule: [
    'github.com/prometheus-operator/prometheus-operator',
    'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
  ],
  ServiceMonitor: [
    'github.com/prometheus-operator/prometheus-operator',
    'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
  ],
}
// Do not install anything in a developer's own cluster.
const knowsAll = Boolean(process.env.TEST_CLUSTER)

function kubectl(args, input) {
  const all = ['--kubeconfig', kubeconfig, ...args]
  return spawnSync(process.env.KUBECTL ?? 'kubectl', all, { input, encoding: 'utf8' })
}

before(() => {
  if (skip || !knowsAll) return
  const cwd = fileURLToPath(new URL('crds', import.meta.url))
  for (const [module, file] of Object.values(FOREIGN)) {
    const { status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', module], { cwd, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    const definition = ['-f', `${JSON.parse(stdout).Dir}/${file}`]
    const applied = kubectl(['apply', '--server-side', ...definition])
    assert.equal(applied.status, 0, applied.stderr)
    assert.equal(kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...definition]).status, 0)
  }
})

for (const name of ['external', 'sidecar']) {
  test(`${name}: the API server accepts all of it`, { skip }, (t) => {
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
    const objects = parseAllDocuments(made.stdout).map((one) => one.toJS())
    const known = objects.filter((one) => one && (knowsAll || !(one.kind in FOREIGN)))
    const input = known.map((object) => stringify(object)).join('---\n')

    const { status, stdout, stderr } = kubectl(['apply', '--dry-run=server', '-f', '-'], input)
    assert.equal(status, 0, stderr)
    assert.equal(stdout.trim().split('\n').length, known.length)
    assert.doesNotMatch(stderr, /would violate|unknown field/i)
  })
}
