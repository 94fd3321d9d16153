// A package registry with opencode's packages for one platform: small programs that print a version.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Packs a package whose files `write` creates in a folder. */
function pack(write) {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  mkdirSync(join(folder, 'package/bin'), { recursive: true })
  write(join(folder, 'package'))
  const tarball = execFileSync('tar', ['-cz', '-C', folder, 'package'])
  const manifest = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'))
  rmSync(folder, { recursive: true })
  return { manifest, tarball, integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}` }
}

const script = (text) => [`#!/bin/sh\n${text}\n`, { mode: 0o755 }]

/** opencode's own package, with its real install script. */
const main = (installed) =>
  pack((folder) => {
    for (const file of ['package.json', 'postinstall.mjs']) cpSync(join(installed, file), join(folder, file))
    writeFileSync(join(folder, 'bin/opencode.exe'), ...script('exit 1'))
  })

const program = (name, version, cpu) =>
  pack((folder) => {
    const libc = name.endsWith('-musl') ? ['musl'] : undefined
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, os: ['linux'], cpu: [cpu], libc }))
    writeFileSync(join(folder, 'bin/opencode'), ...script(`echo ${version}`))
  })

/** A running registry with opencode (the one installed in a folder) and the programs [name, version, cpu]. */
export async function registry(installed, programs) {
  const opencode = main(installed)
  const packages = [opencode, ...programs.map((one) => program(...one))]
  const server = createServer((request, response) => {
    const name = request.url.split('/')[1]
    const known = packages.filter(({ manifest }) => manifest.name === name)
    if (known.length === 0) return response.writeHead(404).end('{}')
    const tarball = known.find(({ manifest }) => request.url.endsWith(`/${manifest.version}.tgz`))?.tarball
    if (tarball) return response.end(tarball)
    const versions = known.map(({ manifest, integrity }) => {
      const dist = { integrity, tarball: `${self.url}/${name}/${manifest.version}.tgz` }
      return [manifest.version, { ...manifest, dist }]
    })
    const latest = versions.at(-1)[0]
    response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const self = { url: `http://127.0.0.1:${server.address().port}`, opencode, close: () => server.close() }
  return self
}
