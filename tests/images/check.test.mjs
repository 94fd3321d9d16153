// `deploy/images/check` says what an executor image lacks: on made-up root file systems, and on an image of a made-up Docker.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../deploy/images/check', import.meta.url))
const GLIBC = { 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2': '' }
const CERTIFICATES = { 'etc/ssl/certs/ca-certificates.crt': 'certificates' }

/** A root file system with files: text by path. */
function rootWith(t, files) {
  const root = mkdtempSync(join(tmpdir(), 'root-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  chmodSync(root, 0o755)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text, { mode: 0o755 })
  }
  return root
}

function check(words, path = process.env.PATH) {
  const { status, stdout, stderr } = spawnSync(program, words, { env: { PATH: path }, encoding: 'utf8' })
  const lines = stdout.trim().split('\n')
  return { status, said: stderr, lines, todo: lines.filter((line) => line.startsWith('to do: ')) }
}

test('an image that keeps the conventions', (t) => {
  const root = rootWith(t, { ...GLIBC, ...CERTIFICATES, 'usr/bin/tool': 'tool' })
  const before = readdirSync(root)
  const { status, lines, todo } = check([root])
  assert.equal(status, 0, lines.join('\n'))
  assert.deepEqual(todo, [])
  for (const line of lines) assert.match(line, /^(fine|not tried): [^\n]+[.A-Z]$/)
  assert.deepEqual(readdirSync(root), before, 'nothing is left in the directory')
})

test('the C library decides which opencode works', (t) => {
  const musl = { 'lib/ld-musl-x86_64.so.1': '' }
  const cases = [
    [GLIBC, /^fine: the C library is glibc\. The variants glibc and glibc-baseline of opencode work\.$/],
    [musl, /^fine: the C library is musl, without libstdc\+\+ or libgcc\. .* The variants musl and musl-baseline do not\.$/],
    [{ ...musl, 'usr/lib/libstdc++.so.6': '', 'usr/lib/libgcc_s.so.1': '' }, /All variants of opencode work\.$/],
    [{ 'tool': '' }, /^fine: there is no C library\. .* The variants musl and musl-baseline do not\.$/],
  ]
  for (const [files, sentence] of cases) assert.match(check([rootWith(t, files)]).lines[0], sentence)
})

test('files that an arbitrary user needs, and files that a volume hides', (t) => {
  const root = rootWith(t, { ...GLIBC, 'usr/bin/owned': '', 'usr/bin/open': '', 'workspace/example': '', 'tools/bin/git': '' })
  chmodSync(join(root, 'usr/bin/owned'), 0o700)
  const { status, todo } = check([root])
  assert.equal(status, 1)
  assert.match(todo[0], /no CA certificates/)
  // Root's files belong to group 0, but the mode gives that group nothing here.
  assert.match(todo[1], /an arbitrary user cannot open \/usr\/bin\/owned, which PATH leads to/)
  assert.match(todo[2], /the image has files in \/tools, \/workspace: a volume hides them/)
  assert.equal(todo.length, 3)
})

/** A folder with a program `docker` that has one image; a container of it answers as told. */
function docker(t, root, { env, entrypoint, answer }) {
  const script = `#!/bin/sh
case "$1 $2" in
  "image inspect")
    for last; do :; done
    [ "$last" = made-up ] || exit 1
    case $* in
      *.Env*) printf '%s\\n' '${env.join("' '")}' ;;
      *.Entrypoint*) printf '%s\\n' ${entrypoint} ;;
    esac ;;
  "create made-up") echo container ;;
  "export container") tar -C ${root} -c . ;;
  "rm container") ;;
  "run "*) echo "$*" >> ${root}.calls; ${answer} ;;
  *) exit 1 ;;
esac
`
  t.after(() => rmSync(`${root}.calls`, { force: true }))
  return rootWith(t, { docker: script })
}

test("an image's configuration, and programs that start in it", (t) => {
  const root = rootWith(t, { ...GLIBC, ...CERTIFICATES, 'opt/private/tool': '' })
  mkdirSync(join(root, 'bin'))
  symlinkSync('bash', join(root, 'bin/sh'))
  chmodSync(join(root, 'opt/private'), 0o700)
  const env = ['PATH=/opt/private:/usr/bin', 'OPENCODE_CONFIG=/etc/opencode.json', 'OPENCODE_DISABLE_AUTOUPDATE=1', 'LD_LIBRARY_PATH=/opt/lib']
  const answer = 'case "$*" in *"exit 7"*) echo Welcome; echo out; exit 7 ;; *) exit 0 ;; esac'
  const folder = docker(t, root, { env, entrypoint: '/entry.sh start', answer })
  const { status, lines, todo } = check(['made-up'], `${folder}:${process.env.PATH}`)
  assert.equal(status, 1)
  assert.match(todo[0], /cannot open \/opt\/private, which PATH leads to/)
  assert.match(todo[1], /the image sets OPENCODE_CONFIG, LD_LIBRARY_PATH, which also counts for opencode and Git/)
  assert.match(todo[2], /exit status of its command” is expected, but \/bin\/sh .* ended with status 7: Welcome out/)
  assert.equal(todo.length, 3)
  assert(lines.includes('fine: ENTRYPOINT is ignored: /entry.sh start. What it prepares must be in the image already.'))
  assert(lines.includes('fine: any user can write to /tmp, /workspace and HOME.'))
})

test('opencode and Git of the tools are started in the image', (t) => {
  const root = rootWith(t, { ...GLIBC, ...CERTIFICATES })
  const tools = rootWith(t, { 'bin/opencode-session': '', 'opencode/glibc/opencode': '', 'opencode/musl/opencode': '' })
  const answer = `case "$*" in
    *"--read-only"*"--user 12345:0"*"--volume ${tools}:/tools:ro"*) ;;
    *) exit 99 ;;
  esac
  case "$*" in
    *opencode-session*) echo usage: prepare; exit 64 ;;
    *opencode/glibc*) echo 1.18.33 ;;
    *) echo no such file >&2; exit 127 ;;
  esac`
  const folder = docker(t, root, { env: ['A=b'], entrypoint: '', answer })
  const { lines, todo } = check(['made-up', tools], `${folder}:${process.env.PATH}`)
  assert(lines.includes('fine: opencode-session starts.'), lines.join('\n'))
  assert(lines.includes('fine: opencode starts: glibc.'))
  assert.deepEqual(todo, ['to do: “Git starts” is expected, but /tools/bin/git --version ended with status 127: no such file'])
})

test('what cannot be checked is said with status 2', (t) => {
  const root = rootWith(t, GLIBC)
  const cases = [
    [[], /^usage: check IMAGE\|DIRECTORY \[TOOLS\]\n$/],
    [['no-such-image'], /^There is no image no-such-image in Docker, Podman or buildah, and no such directory/],
    [[root, 'no-such-tools'], /^There is no image no-such-tools in Docker, Podman or buildah, and no such directory[^\n]*\n$/],
    [[root, root], /has no opencode-session: the tools image was expected/],
  ]
  for (const [words, sentence] of cases) {
    const { status, said } = check(words)
    assert.equal(status, 2)
    assert.match(said, sentence)
  }
  assert(existsSync(root))
})

test('its usage is asked for', () => {
  for (const word of ['-h', '--help']) {
    const { status, lines, said } = check([word])
    assert.equal(status, 0)
    assert(lines.some((line) => line.trim() === 'check IMAGE|DIRECTORY [TOOLS]') && lines.at(-1).includes('Status: 0'), lines.join('\n'))
    assert.equal(said, '')
  }
})
