// Kinds that the chart makes and a plain cluster does not have. Nothing here is built: their modules hold their definitions.
module opencode-router/tests/chart/crds

go 1.24.0

require (
	github.com/cert-manager/cert-manager v1.19.1
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.4.0
)
