// Reads a Dockerfile: https://docs.docker.com/reference/dockerfile/

/** The instructions, with continued lines joined and comments removed. */
function instructions(text) {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  return lines.join('\n').replace(/\\\n/g, ' ').split('\n').filter((line) => line.trim())
}

/** The build arguments in a text, outside single quotes. Shell variables have lower-case names here. */
const variables = (text) => [...text.replace(/'[^']*'/g, '').matchAll(/\$\{?([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name)

/** The arguments before the first stage, and the stages. */
export function stages(text) {
  const [global, all] = [{}, []]
  for (const line of instructions(text)) {
    const [, kind, rest] = /^(\w+)\s+(.*)$/.exec(line)
    const stage = all.at(-1)
    const words = rest.split(/\s+/)
    if (kind === 'FROM') {
      const flags = words.filter((word) => word.startsWith('--'))
      const [image, , name] = words.filter((word) => !word.startsWith('--'))
      const used = variables([image, ...flags].join(' '))
      all.push({ name, image: { text: image, used }, declared: [], used: [], copies: [], env: {} })
    } else if (kind === 'ARG') {
      const [name, value] = rest.split('=')
      if (stage) stage.declared.push(name)
      else global[name] = value
    } else if (kind === 'COPY') {
      const flags = words.filter((word) => word.startsWith('--'))
      const paths = words.filter((word) => !word.startsWith('--'))
      const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length)
      stage.copies.push({ from, sources: paths.slice(0, -1), target: paths.at(-1) })
    } else if (kind === 'ENV') {
      Object.assign(stage.env, Object.fromEntries(words.map((word) => word.split('='))))
    } else if (kind === 'USER') {
      stage.user = rest
    } else if (kind === 'RUN') {
      stage.used.push(...variables(rest))
      for (const mount of words.filter((word) => word.startsWith('--mount='))) {
        const { from, source } = Object.fromEntries(mount.slice('--mount='.length).split(',').map((one) => one.split('=')))
        stage.copies.push({ from, sources: from ? [] : [source], target: '' })
      }
    }
  }
  return { global, all }
}
