// The router's memory limit holds what its default limits allow: the sum of docs/scale.md.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { render } from './support/chart.mjs'

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const number = (text) => Number(text.replaceAll(',', ''))
const MIB = { Mi: 1, Gi: 1024 }

test('the sum of the page is that of the defaults, and fits', () => {
  const page = read('docs/scale.md')
  const sum = /^(\d+) MiB \+ ([\d,]+) × ([\d.]+) KiB \+ (\d+) × ([\d,]+) × (\d+) KiB = (\d+) MiB$/m.exec(page)
  const [program, sessions, ofSession, listeners, connections, ofStream, said] = sum.slice(1).map(number)
  assert.equal(Math.round(program + (sessions * ofSession + listeners * connections * ofStream) / 1024), said)

  const [, setting] = /^\| `MAX_CONNECTIONS` \| [^|]*\| `(\d+)` \|/m.exec(read('docs/settings.md'))
  assert.equal(connections, Number(setting))
  const [, tested] = /const LARGEST: u64 = (\d+);/.exec(read('tests/it/edge/connection_memory.rs'))
  assert.equal(ofStream, Number(tested))

  const { limits } = render('external').one('Deployment').spec.template.spec.containers[0].resources
  const [, value, unit] = /^(\d+)(Mi|Gi)$/.exec(limits.memory)
  assert(said <= value * MIB[unit], limits.memory)
})
