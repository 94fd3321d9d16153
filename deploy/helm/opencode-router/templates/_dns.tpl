{{/* Egress to the cluster's DNS servers, for the router and for sessions. */}}
{{- define "opencode-router.dnsRule" -}}
{{- $policy := .Values.networkPolicy -}}
- ports:
    {{- range $policy.dnsPorts }}
    - {protocol: UDP, port: {{ . }}}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  to:
    {{- toYaml $policy.dnsTo | nindent 4 }}
{{- end }}
