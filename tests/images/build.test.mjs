// `deploy/images/build` calls the builder that is there. The builders here write down their words.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../deploy/images/build', import.meta.url))
const NEEDED = ['dirname', 'head', 'sed', 'sh', 'uname']

/** Runs `build` on a machine that has these builders. */
function build(t, builders, words, settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'build-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of NEEDED) {
    symlinkSync(['/bin', '/usr/bin'].map((place) => join(place, name)).find(existsSync), join(folder, name))
  }
  for (const name of builders) writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\n`, { mode: 0o755 })
  const { status, stdout, stderr } = spawnSync(program, words, { env: { PATH: folder, ...settings }, encoding: 'utf8' })
  const calls = existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []
  return { status, said: stdout + stderr, calls }
}

test('buildx pushes an image for several platforms', (t) => {
  const settings = { REGISTRY: 'registry.example/team/', VERSION: '2.0', PLATFORMS: 'linux/amd64,linux/arm64' }
  const { status, said, calls } = build(t, ['docker', 'podman'], ['devbox', '--build-arg', 'GO=golang:1'], settings)
  assert.equal(status, 0, said)
  assert.deepEqual(calls, [
    'docker buildx version',
    'docker buildx build --platform linux/amd64,linux/arm64 --tag registry.example/team/opencode-devbox:2.0 ' +
      '--file deploy/images/devbox/Dockerfile --push --build-arg GO=golang:1 .',
  ])
  assert.match(said, /Pushed registry.example\/team\/opencode-devbox:2.0/)
})

test('without a registry, the image stays on this machine, with the version of the project', (t) => {
  const { calls } = build(t, ['docker'], ['session'])
  assert.match(calls.at(-1), /--tag opencode-session:\d+\.\d+\.\d+ --file deploy\/images\/session\/Dockerfile --load \.$/)
  const buildah = build(t, ['buildah'], ['router'], { VERSION: '3', PLATFORMS: 'linux/arm64' })
  assert.match(buildah.calls.at(-1), /build --platform linux\/arm64 --build-arg TARGETARCH=arm64 --tag opencode-router:3 --file Dockerfile \.$/)
})

test('Podman or buildah pushes a list of the images of all platforms', (t) => {
  const settings = { REGISTRY: 'registry.example', VERSION: '1', PLATFORMS: 'linux/amd64,linux/arm64' }
  for (const builder of ['podman', 'buildah']) {
    const { status, said, calls } = build(t, [builder], ['tools'], settings)
    assert.equal(status, 0, said)
    const tag = 'registry.example/opencode-tools:1'
    assert.match(calls.at(-2), new RegExp(`build --platform linux/amd64,linux/arm64 --manifest ${tag} .* \\.$`))
    assert.match(calls.at(-1), new RegExp(`manifest push --all ${tag} docker://${tag}$`))
  }
})

test('one sentence says that a builder, a name or a registry is missing', (t) => {
  const cases = [
    [[], ['tools'], {}, /^No builder of images was found: install Docker with buildx, Podman or buildah\.\n$/],
    [['docker'], ['toolz'], {}, /^There is no image “toolz”: NAME is one of router, session, tools, devbox, attach\.\n$/],
    [['docker'], ['tools'], { PLATFORMS: 'linux/amd64,linux/arm64' }, /^An image for several platforms .* must be pushed: set REGISTRY/],
  ]
  for (const [builders, words, settings, sentence] of cases) {
    const { status, said } = build(t, builders, words, settings)
    assert.equal(status, 1)
    assert.match(said, sentence)
  }
})
