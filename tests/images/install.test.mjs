// opencode is installed for processors that the lock file lacks: by the exact version that opencode names.
import assert from 'node:assert/strict'
import { spawn, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { registry } from './support/registry.mjs'

const source = fileURLToPath(new URL('../../deploy/opencode', import.meta.url))
const installed = join(source, 'node_modules/opencode-ai')
const lock = JSON.parse(readFileSync(join(source, 'package-lock.json'), 'utf8'))
const { version } = lock.packages['node_modules/opencode-ai']
const cpu = process.arch === 'arm64' ? 'arm64' : 'x64'
// A range or the newest version would find this one.
const NEWER = '99.0.0'

/** Runs `install` in a copy of its folder whose lock file lacks every platform's package. */
async function install(t, words, programs) {
  const there = await registry(installed, programs)
  const folder = mkdtempSync(join(tmpdir(), 'opencode-'))
  t.after(() => (there.close(), rmSync(folder, { recursive: true })))
  for (const file of ['install', 'package.json']) cpSync(join(source, file), join(folder, file))
  const { '': root, 'node_modules/opencode-ai': main } = lock.packages
  const packages = { '': root, 'node_modules/opencode-ai': { ...main, integrity: there.opencode.integrity } }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }))

  const settings = { npm_config_registry: there.url, npm_config_cache: join(folder, 'cache'), HOME: folder, TMPDIR: folder }
  const child = spawn(join(folder, 'install'), words, { env: { PATH: process.env.PATH, ...settings } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
  const [code] = await once(child, 'close')
  return { code, said, file: (path) => join(folder, 'node_modules', path) }
}

test('an image for a processor that the lock file lacks', async (t) => {
  const name = 'opencode-linux-arm64'
  const { code, said, file } = await install(t, ['arm64'], [[name, version, 'arm64'], [name, NEWER, 'arm64']])
  assert.equal(code, 0, said)
  assert.equal(JSON.parse(readFileSync(file(`${name}/package.json`), 'utf8')).version, version)
  assert(existsSync(file(`${name}/bin/opencode`)))
})

test('a variant for musl, which the lock file lacks', async (t) => {
  const name = 'opencode-linux-x64-baseline-musl'
  const { code, said, file } = await install(t, ['amd64', '-baseline-musl'], [[name, version, 'x64'], [name, NEWER, 'x64']])
  assert.equal(code, 0, said)
  assert.equal(JSON.parse(readFileSync(file(`${name}/package.json`), 'utf8')).version, version)
})

test('this machine, if the lock file lacks its processor', async (t) => {
  const names = [`opencode-linux-${cpu}`, `opencode-linux-${cpu}-baseline`]
  const programs = names.flatMap((name) => [[name, version, cpu], [name, NEWER, cpu]])
  const { code, said, file } = await install(t, [], programs)
  assert.equal(code, 0, said)
  assert.equal(execFileSync(file('.bin/opencode'), ['--version'], { encoding: 'utf8' }).trim(), version)
})

test('a package or a processor that does not exist is named', async (t) => {
  const variant = await install(t, ['arm64', '-baseline'], [])
  assert.equal(variant.code, 1)
  assert.match(variant.said, /has no package opencode-linux-arm64-baseline/)
  const unknown = await install(t, [''], [])
  assert.equal(unknown.code, 1)
  assert.match(unknown.said, /“” is not known: name amd64 or arm64/)
})
