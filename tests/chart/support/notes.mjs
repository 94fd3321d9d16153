// The notes that Helm shows after an installation.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parse } from 'yaml'
import { chart, helm, namespace, release, values } from './chart.mjs'

/** The notes with these values. `helm template` omits them, so they are rendered as an object here. */
export function notes(set) {
  const folder = mkdtempSync(`${tmpdir()}/chart-`)
  cpSync(chart, folder, { recursive: true })
  renameSync(`${folder}/templates/NOTES.txt`, `${folder}/notes`)
  writeFileSync(`${folder}/templates/notes.yaml`, 'notes: {{ tpl (.Files.Get "notes") . | toJson }}\n')
  const words = ['template', release, folder, '--namespace', namespace, '--show-only', 'templates/notes.yaml']
  const { ok, stdout, stderr } = helm(words, [values('external')], set)
  rmSync(folder, { recursive: true })
  assert(ok, stderr)
  return parse(stdout).notes
}
