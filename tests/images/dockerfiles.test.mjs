// The Dockerfiles name what exists: files, stages, arguments, packages. They are read, not built.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stages } from './support/dockerfile.mjs'

const project = fileURLToPath(new URL('../..', import.meta.url))
const read = (path) => readFileSync(join(project, path), 'utf8')
const IMAGES = ['session', 'tools', 'devbox', 'attach']
const FILES = ['Dockerfile', ...IMAGES.map((name) => `deploy/images/${name}/Dockerfile`)]
// Stages for a context that has only these files: `tests/cluster/images` makes one.
const PREBUILT = ['opencode-router', 'opencode-session', 'node_modules']
// Set by BuildKit: https://docs.docker.com/build/building/variables/#multi-platform-build-arguments
const PREDEFINED = ['BUILDPLATFORM']

for (const file of FILES) {
  const { global, all } = stages(read(file))
  const names = all.map(({ name }) => name)

  test(`${file}: copied files and stages exist`, () => {
    for (const { copies } of all) {
      for (const { from, sources } of copies) {
        if (from) assert(names.includes(from), `stage ${from}`)
        else for (const source of sources) assert(PREBUILT.includes(source) || existsSync(join(project, source)), source)
      }
    }
  })

  test(`${file}: each variable is an argument in its scope`, () => {
    for (const { image, declared, used } of all) {
      for (const variable of image.used) assert(PREDEFINED.includes(variable) || variable in global, `FROM ${variable}`)
      for (const variable of used) assert(declared.includes(variable), `${variable} in ${image.text}`)
    }
  })

  test(`${file}: each argument selects a stage or an image`, () => {
    for (const [argument, value] of Object.entries(global)) {
      const selects = all.some(({ image }) => image.text === `\${${argument}}`)
      if (selects) assert(names.includes(value) || value.includes(':'), `${argument}=${value}`)
    }
  })

  test(`${file}: each argument is explained`, () => {
    const declared = all.flatMap(({ declared }) => declared)
    for (const argument of new Set([...Object.keys(global), ...declared])) {
      assert(read('deploy/images/README.md').includes(`\`${argument}\``), argument)
    }
  })

  if (names.includes('built')) test(`${file}: the copied sources are a whole Cargo project`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'context-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const { copies } = all.find(({ name }) => name === 'built')
    for (const { sources, target } of copies.filter(({ from }) => !from)) {
      for (const source of sources) {
        const into = target.endsWith('/') ? join(folder, target, source.split('/').at(-1)) : join(folder, target)
        mkdirSync(dirname(into), { recursive: true })
        cpSync(join(project, source), into, { recursive: true })
      }
    }
    const words = ['metadata', '--offline', '--locked', '--no-deps', '--format-version', '1']
    const found = JSON.parse(execFileSync('cargo', words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }))
    const programs = found.packages[0].targets.filter(({ kind }) => kind.includes('bin'))
    assert.deepEqual(programs.map(({ name }) => name).sort(), ['opencode-router', 'opencode-session'])
    for (const { src_path } of programs) assert(existsSync(src_path), src_path)
  })
}

test('each image can be built by its name, and is in the list of images', () => {
  const built = /^all="(.*)"$/m.exec(read('deploy/images/build'))[1].split(' ')
  assert.deepEqual(built, ['router', ...IMAGES])
  for (const file of FILES) assert(read('deploy/images/README.md').includes(file.replace('deploy/images/', '')), file)
})

test('the tools image has opencodes that the pinned one has, for each processor', () => {
  const { packages } = JSON.parse(read('deploy/opencode/package-lock.json'))
  const { optionalDependencies } = packages['node_modules/opencode-ai']
  const { VARIANTS } = stages(read('deploy/images/tools/Dockerfile')).global
  const list = (...words) => {
    const lines = execFileSync(join(project, 'deploy/images/tools/variants'), words, { encoding: 'utf8', stdio: 'pipe' })
    return lines.trimEnd().split('\n').map((line) => line.split(' '))
  }
  for (const [arch, count] of [['amd64', 4], ['arm64', 2]]) {
    const all = list(arch, ...VARIANTS.replaceAll('"', '').split(' '))
    assert.equal(all.length, count)
    for (const [, name, ending] of all) {
      assert(name in optionalDependencies, name)
      assert(name.endsWith(ending))
    }
  }
  assert.throws(() => list('', 'glibc'), /“” is not known: name amd64 or arm64/)
  assert.throws(() => list('amd64', 'uclibc'), /no variant “uclibc”/)
})

test('the pinned opencode has a package for each processor of an image', () => {
  const { dependencies } = JSON.parse(read('deploy/opencode/package.json'))
  const { packages } = JSON.parse(read('deploy/opencode/package-lock.json'))
  const { version, optionalDependencies } = packages['node_modules/opencode-ai']
  assert.equal(dependencies['opencode-ai'], version)
  for (const name of ['x64', 'x64-baseline', 'arm64'].map((end) => `opencode-linux-${end}`)) {
    assert.equal(optionalDependencies[name], version, name)
    const locked = packages[`node_modules/${name}`]
    if (locked) assert(locked.version === version && locked.integrity.startsWith('sha512-'), name)
  }
})

test('images run as a number, with a home that any user can write to', () => {
  for (const file of FILES) {
    const { user, env } = stages(read(file)).all.at(-1)
    // Kubernetes can tell that a number is not root. Clusters such as OpenShift choose another.
    assert.match(user, /^[1-9][0-9]*:[1-9][0-9]*$/)
    assert.equal(env.HOME ?? '/tmp', '/tmp')
  }
})
