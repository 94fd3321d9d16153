// The restricted Pod Security Standard.
import assert from 'node:assert/strict'

const PLAIN_VOLUMES = ['configMap', 'downwardAPI', 'emptyDir', 'projected', 'secret']

/** The standard, field by field. Without `numbers`, the cluster chooses user and groups. */
export function assertRestricted({ metadata, spec }, numbers = true) {
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) assert(!spec[field], field)
  for (const { name, ...volume } of spec.volumes ?? []) {
    for (const kind of Object.keys(volume)) assert(PLAIN_VOLUMES.includes(kind), `${name} is a ${kind}`)
  }
  assert.equal(spec.securityContext.runAsNonRoot, true)
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext
  if (numbers) assert(runAsUser > 0 && runAsGroup > 0)
  else assert.deepEqual([runAsUser, runAsGroup, fsGroup], [undefined, undefined, undefined])
  assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault')
  assert.equal(spec.securityContext.sysctls, undefined)
  for (const { name, securityContext, ports = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
    assert.equal(securityContext.allowPrivilegeEscalation, false, name)
    assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, name)
    assert.equal(securityContext.readOnlyRootFilesystem, true, name)
    assert(!securityContext.privileged && !securityContext.procMount && !securityContext.seLinuxOptions, name)
    assert(securityContext.runAsUser === undefined && securityContext.runAsNonRoot === true, name)
    for (const port of ports) assert.equal(port.hostPort, undefined)
  }
  assert(metadata.labels)
}
