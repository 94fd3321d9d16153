// The manifests for use without Helm.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'

const folder = fileURLToPath(new URL('../../deploy/manifests', import.meta.url))
const written = readFileSync(`${folder}/opencode-router.yaml`, 'utf8')
const objects = parseAllDocuments(written).map((document) => document.toJS())

test('they are what the chart makes now', () => {
  assert(written === execFileSync(`${folder}/render`, { encoding: 'utf8' }), 'run `make manifests`')
})

test('they name no Helm, no test, and both namespaces', () => {
  assert(!objects.some(({ kind }) => kind === 'Pod'))
  for (const { kind, metadata } of objects) {
    assert(!Object.keys(metadata.labels).some((label) => label.startsWith('helm')), kind)
    assert.notEqual(metadata.labels['app.kubernetes.io/managed-by'], 'Helm')
  }
  const places = new Set(objects.map(({ metadata }) => metadata.namespace))
  assert.deepEqual([...places].sort(), ['opencode-router', 'opencode-sessions'])
})

test('their header names every placeholder', () => {
  const header = written.slice(0, written.indexOf('\n---'))
  for (const secret of written.match(/(?<=secretName: )\S+/g)) assert(header.includes(secret), secret)
  for (const [, image] of written.matchAll(/image: "([^:"]+):/g)) assert(header.includes(`${image}:`), image)
})
