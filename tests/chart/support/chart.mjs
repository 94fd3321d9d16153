// Renders the chart as `helm template` does, and returns its objects.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'

export const chart = fileURLToPath(new URL('../../../deploy/helm/opencode-router', import.meta.url))
export const release = 'oc'
export const namespace = 'opencode-router'

// Without a cluster, Helm assumes an old Kubernetes.
export const KUBERNETES = ['--kube-version', '1.34.0']

/** Complete sets of values: `external` or `sidecar`. */
export const values = (name) => `${chart}/ci/${name}-values.yaml`

/** Runs Helm with a set of values and overrides. */
export function helm(command, files, set = {}) {
  const flags = files.flatMap((file) => ['--values', file])
  for (const [key, value] of Object.entries(set)) flags.push('--set-json', `${key}=${JSON.stringify(value)}`)
  const { status, stdout, stderr } = spawnSync(process.env.HELM, [...command, ...KUBERNETES, ...flags], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  return { ok: status === 0, stdout, stderr }
}

/** The objects that the chart renders from values. */
export function render(name, set = {}) {
  const { ok, stdout, stderr } = helm(['template', release, chart, '--namespace', namespace], [values(name)], set)
  if (!ok) throw new Error(stderr)
  return new Objects(parseAllDocuments(stdout).map((document) => document.toJS()).filter(Boolean))
}

/** Why the chart refuses values. */
export function refusal(files, set = {}) {
  const { ok, stderr } = helm(['template', release, chart, '--namespace', namespace], files, set)
  if (ok) throw new Error(`these values were accepted: ${JSON.stringify(set)}`)
  return stderr
}

/** Rendered objects, by kind and the end of their name. */
export class Objects extends Array {
  static get [Symbol.species]() {
    return Array
  }

  constructor(objects) {
    super()
    this.push(...objects)
  }

  all(kind) {
    return this.filter((object) => object.kind === kind)
  }

  one(kind, suffix = '') {
    const found = this.all(kind).filter((object) => object.metadata.name === `${release}-opencode-router${suffix}`)
    if (found.length !== 1) throw new Error(`${found.length} objects of kind ${kind} end with “${suffix}”`)
    return found[0]
  }

  /** The templates of all pods, with their owners. */
  pods() {
    return this.flatMap((object) => {
      if (object.kind === 'Pod') return [object]
      return object.spec?.template?.spec ? [{ metadata: object.spec.template.metadata, spec: object.spec.template.spec }] : []
    })
  }

  /** The router's environment variables. */
  environment() {
    const [router] = this.one('Deployment').spec.template.spec.containers
    return Object.fromEntries(router.env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]))
  }
}
