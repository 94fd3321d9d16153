// The chart accepts the values of docs/deploy.md and of the examples.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { chart, helm, release, render } from './support/chart.mjs'

const page = readFileSync(fileURLToPath(new URL('../../docs/deploy.md', import.meta.url)), 'utf8')
const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block]) => block)
const defaults = parse(readFileSync(`${chart}/values.yaml`, 'utf8'))
const schema = JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8'))
const EXAMPLE = '.example.org'

test('every values.yaml of the page is complete and right', () => {
  const values = blocks.filter((block) => block.startsWith('# values.yaml\n'))
  assert.equal(values.length, 2)
  const folder = mkdtempSync(`${tmpdir()}/chart-`)
  for (const block of values) {
    writeFileSync(`${folder}/values.yaml`, block)
    const { ok, stderr } = helm(['template', release, chart], [`${folder}/values.yaml`])
    assert(ok, `${stderr}\n${block}`)
  }
  rmSync(folder, { recursive: true })
})

test('every value that the page names exists', () => {
  const groups = Object.keys(schema.properties).filter((key) => schema.properties[key].properties)
  const named = [...page.matchAll(new RegExp(`\`((?:${groups.join('|')})(?:\\.[A-Za-z0-9]+)+)`, 'g'))]
    .map(([, name]) => name)
    .filter((name) => !name.endsWith(EXAMPLE))
  assert(named.length > 20)
  for (const name of named) {
    let place = schema
    for (const key of name.split('.')) {
      place = place.properties?.[key]
      assert(place, name)
    }
  }
})

test('every default value has a place in the schema, and the other way round', () => {
  const required = ['domain', 'sessions.image', 'loginProxy.trustedCidrs', 'loginProxy.sidecar.image']
  const free = ['certificate.issuerRef']
  const compare = (place, value, at) => {
    if (place.$ref || !place.properties) return
    for (const key of Object.keys(place.properties)) {
      const name = [...at, key].join('.')
      if (required.includes(name) || free.some((place) => name.startsWith(`${place}.`))) continue
      assert(value && key in value, `${name} has no default`)
      compare(place.properties[key], value[key], [...at, key])
    }
  }
  compare(schema, defaults, [])
})

const settings = readFileSync(fileURLToPath(new URL('../../docs/settings.md', import.meta.url)), 'utf8')

test('every variable that the chart sets is a setting of the router', () => {
  // Kubernetes supplies these variables, so they are not settings.
  const own = ['POD_NAME', 'POD_NAMESPACE']
  for (const name of ['external', 'sidecar']) {
    for (const variable of Object.keys(render(name).environment())) {
      assert(own.includes(variable) || settings.includes(`| \`${variable}\` |`), variable)
    }
  }
})

test('oauth2-proxy by its own chart does what the sidecar does', () => {
  const example = parse(readFileSync(`${chart}/examples/oauth2-proxy-values.yaml`, 'utf8'))
  const objects = render('sidecar', { routerHost: '' })
  const ours = parse(objects.one('ConfigMap', '-login').data['config.yaml'])
  const { injectRequestHeaders, upstreamConfig, providers } = example.alphaConfig.configData
  assert.deepEqual(injectRequestHeaders, ours.injectRequestHeaders)
  upstreamConfig.upstreams[0].uri = ours.upstreamConfig.upstreams[0].uri
  assert.deepEqual(upstreamConfig, ours.upstreamConfig)
  const checks = ({ issuerURL, ...more }) => more
  assert.deepEqual(checks(providers[0].oidcConfig), checks(ours.providers[0].oidcConfig))

  // The chart has its own values for these.
  const own = /^--(alpha-config|cookie-secret-file|cookie-name)=/
  const [login] = objects.one('Deployment').spec.template.spec.initContainers
  assert.deepEqual(login.args.filter((flag) => !own.test(flag)).sort(), [...example.extraArgs].sort())
  assert.equal(example.config.cookieName, defaults.loginProxy.cookieNames[0])
})

test('the labels of oauth2-proxy\'s chart are those that may reach the router', () => {
  assert.deepEqual(defaults.networkPolicy.router.httpFrom, [
    { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'oauth2-proxy' } } },
  ])
})

test('the other YAML of the page can be read', () => {
  for (const block of blocks) assert.doesNotThrow(() => parse(block), block)
})
