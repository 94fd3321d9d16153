// Values that are older than profiles: they still count, and the notes of the release name them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { chart } from './support/chart.mjs'
import { notes } from './support/notes.mjs'

const { sessions } = JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8')).properties
const page = readFileSync(`${chart}/values.yaml`, 'utf8')
const profile = JSON.parse(readFileSync(fileURLToPath(new URL('../../docs/profiles.schema.json', import.meta.url)), 'utf8'))

/** The old values: path below `sessions`, field of a profile. */
function old(properties = sessions.properties, at = []) {
  return Object.entries(properties).flatMap(([key, { description, properties }]) => {
    const field = description?.match(/^Old: (\S+) of a profile replaces it$/)?.[1]
    return field ? [[[...at, key].join('.'), field]] : old(properties ?? {}, [...at, key])
  })
}

test('the notes name the old values in use, each with the field that replaces it', () => {
  const all = old()
  assert.equal(all.length, 17)
  assert.doesNotMatch(notes({ 'sessions.storage': parse(page).sessions.storage }), /older than profiles/)
  const set = Object.fromEntries(
    all.map(([path]) => {
      const kind = path.split('.').reduce((place, key) => place.properties[key], sessions)
      const value = { pullPolicy: 'Always', objectName: 'mine' }[kind.$ref?.split('/').at(-1)] ?? (kind.$ref ? '77Mi' : 77)
      return [`sessions.${path}`, value]
    }),
  )
  const line = notes(set).split('\n').filter((line) => line.includes('older than profiles'))
  assert.equal(line.length, 1)
  const named = all.map(([path, field]) => `sessions.${path} (${field})`)
  assert.deepEqual(line[0].split('They still count: ')[1].replace(/\.$/, '').split(', ').sort(), named.sort())
  assert.match(notes({ 'sessions.tmpSize': '1Gi' }), /still count: sessions\.tmpSize \(tmp\.sizeLimit\)\.$/m)
})

test('values.yaml says the same of each, and each field is one of a profile', () => {
  const own = page.slice(page.indexOf('\nsessions:\n'))
  for (const [path, field] of old()) {
    const key = path.split('.').at(-1)
    assert.match(own, new RegExp(`^ +# Old: ${field.replaceAll('.', '\\.')}(?:\\.? .*)?\\n(?: +#.*\\n)* +${key}:`, 'm'), path)
    assert(profile.$defs.Profile.properties[field.split('.')[0]], field)
  }
})
