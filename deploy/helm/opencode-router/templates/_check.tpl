{{/* Checks that the schema cannot express: values that contradict each other, with one sentence each. */}}
{{- define "opencode-router.check" -}}
{{- $service := .Values.loginProxy.service }}
{{- $elsewhere := and (eq .Values.loginProxy.kind "external") $service.name $service.namespace (ne $service.namespace .Release.Namespace) }}
{{- if and .Values.ingress.enabled $elsewhere }}
{{- fail (printf "An Ingress reaches Services of its own namespace only: install into %s, or use httpRoute, or leave the Ingress to the login proxy's own chart." $service.namespace) }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.metrics.enabled) }}
{{- fail "serviceMonitor.enabled needs metrics.enabled: true." }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the Gateway that the routes belong to." }}
{{- end }}
{{- if and .Values.metrics.enabled (has (int .Values.metrics.port) (list 3000 4096 4180)) }}
{{- fail "metrics.port is one of the router's other ports: choose another." }}
{{- end }}
{{- if eq (include "opencode-router.attachHost" .) (include "opencode-router.host" .) }}
{{- fail "attach.host and the router's host have to differ: one asks for a token, the other for a login." }}
{{- end }}
{{- $host := include "opencode-router.host" . }}
{{- if and (include "opencode-router.hasSidecar" .) (ne $host .Values.domain) (not (hasSuffix (printf ".%s" .Values.domain) $host)) }}
{{- fail (printf "With the sidecar the router's host has to be %s or below it: one login cookie serves the router and all sessions." .Values.domain) }}
{{- end }}
{{- end }}
