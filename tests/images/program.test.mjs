// The development box takes programs by URL and SHA-256: `deploy/images/devbox/program`, from a server of this machine.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../deploy/images/devbox/program', import.meta.url))
const sha256 = (data) => createHash('sha256').update(data).digest('hex')

/** A server with files, and `install(words)`, which runs `program` with a folder for what it installs. */
async function server(t, files) {
  const http = createServer(({ url }, response) => {
    const file = files[url]
    response.writeHead(file ? 200 : 404).end(file)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'program-'))
  t.after(() => (http.close(), rmSync(folder, { recursive: true })))
  const url = `http://127.0.0.1:${http.address().port}`
  const install = async (...words) => {
    const child = spawn(program, words, { env: { PATH: process.env.PATH, BIN: folder } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
    const [code] = await once(child, 'close')
    return { code, said }
  }
  return { url, install, installed: (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : null) }
}

/** An archive with one file in a folder. */
function archive(path, text) {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'))
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
  const data = execFileSync('tar', ['-cz', '-C', folder, '.'])
  rmSync(folder, { recursive: true })
  return data
}

test('a program and an archive are installed for the processor', async (t) => {
  const [amd64, arm64] = ['for amd64', 'for arm64']
  const helm = archive('linux-arm64/helm', 'helm')
  const { url, install, installed } = await server(t, { '/x86_64/kubectl': amd64, '/aarch64/kubectl': arm64, '/helm-arm64.tgz': helm })
  const sums = `amd64:${sha256(amd64)},arm64:${sha256(arm64)}`
  for (const [arch, text] of [['amd64', amd64], ['arm64', arm64]]) {
    const { code, said } = await install(arch, 'kubectl', `${url}/{machine}/kubectl`, sums, 'none')
    assert.equal(code, 0, said)
    assert.equal(installed('kubectl'), text)
  }
  const { code, said } = await install('arm64', 'helm', `${url}/helm-{arch}.tgz`, sha256(helm))
  assert.equal(code, 0, said)
  assert.equal(installed('helm'), 'helm')
})

test('another file than the expected one is refused', async (t) => {
  const other = archive('other', 'other')
  const { url, install, installed } = await server(t, { '/yq': 'changed', '/other.tgz': other })
  const expected = sha256('as it was')
  const changed = await install('amd64', 'yq', `${url}/yq`, expected)
  assert.match(changed.said, new RegExp(`its SHA-256 is ${sha256('changed')}, not ${expected}`))
  const unpinned = await install('amd64', 'yq', `${url}/yq`, `arm64:${expected}`)
  assert.match(unpinned.said, /The SHA-256 of yq for amd64 .* 64 hexadecimal digits were expected/)
  const without = await install('amd64', 'yq', `${url}/other.tgz`, sha256(other))
  assert.match(without.said, /other.tgz has no file yq/)
  const absent = await install('amd64', 'yq', `${url}/absent`, expected)
  assert.match(absent.said, /yq could not be loaded from .*\/absent/)
  for (const { code } of [changed, unpinned, without, absent]) assert.equal(code, 1)
  assert.equal(installed('yq'), null)
})

test('without a URL, a program that Debian lacks is left out', async (t) => {
  const { install, installed } = await server(t, {})
  const { code, said } = await install('amd64', 'helm', '', '')
  assert.equal(code, 0)
  assert.match(said, /Debian has no helm: it is left out/)
  assert.equal(installed('helm'), null)
})
