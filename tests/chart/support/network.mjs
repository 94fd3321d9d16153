// Evaluates NetworkPolicies. A pod that a policy selects accepts only what a rule allows. A connection needs an egress
// rule and an ingress rule.

/** An address as bits: [family, number]. */
function bits(address) {
  if (!address.includes(':')) return [32, BigInt(address.split('.').reduce((number, part) => number * 256 + Number(part), 0))]
  const [head, tail] = address.split('::').map((side) => side.split(':').filter(Boolean))
  const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail]
  return [128, groups.reduce((number, group) => (number << 16n) + BigInt(`0x${group}`), 0n)]
}

function within(cidr, address) {
  const [network, length] = cidr.split('/')
  const [family, start] = bits(network)
  const [own, number] = bits(address)
  const rest = BigInt(family - Number(length))
  return family === own && start >> rest === number >> rest
}

function matches(selector, labels) {
  if (selector.matchExpressions) throw new Error('matchExpressions are not needed here')
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
}

function isPeer(peer, other, home) {
  if (peer.ipBlock) {
    const { cidr, except = [] } = peer.ipBlock
    return within(cidr, other.ip) && !except.some((hole) => within(hole, other.ip))
  }
  if (!other.labels) return false
  const place = peer.namespaceSelector
    ? matches(peer.namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
    : other.namespace === home
  return place && matches(peer.podSelector ?? {}, other.labels)
}

function isPort(rule, port, protocol) {
  if (!rule.ports) return true
  return rule.ports.some(
    (one) => (one.protocol ?? 'TCP') === protocol && port >= one.port && port <= (one.endPort ?? one.port),
  )
}

function lets(policies, direction, pod, other, port, protocol) {
  const own = policies.filter(
    ({ metadata, spec }) =>
      pod.labels &&
      metadata.namespace === pod.namespace &&
      spec.policyTypes.includes(direction) &&
      matches(spec.podSelector, pod.labels),
  )
  if (own.length === 0) return true
  const [rules, peers] = direction === 'Ingress' ? ['ingress', 'from'] : ['egress', 'to']
  return own.some(({ metadata, spec }) =>
    (spec[rules] ?? []).some(
      (rule) =>
        isPort(rule, port, protocol) &&
        (!rule[peers] || rule[peers].some((peer) => isPeer(peer, other, metadata.namespace))),
    ),
  )
}

/** Whether the policies let one pod or address connect to another. */
export function connects(policies, from, to, port, protocol = 'TCP') {
  return lets(policies, 'Egress', from, to, port, protocol) && lets(policies, 'Ingress', to, from, port, protocol)
}
