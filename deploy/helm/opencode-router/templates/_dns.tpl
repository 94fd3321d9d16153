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
{{- if .Values.openshift }}
- ports:
    - {protocol: UDP, port: 5353}
    - {protocol: TCP, port: 5353}
  to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: openshift-dns
{{- end }}
{{- end }}
