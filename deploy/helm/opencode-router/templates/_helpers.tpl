{{/* Names. 50 characters leave room for suffixes. */}}
{{- define "opencode-router.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "opencode-router.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "opencode-router.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "opencode-router.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "opencode-router.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "opencode-router.fullname" .) }}
{{- end }}

{{/* Labels. The selector of the router's Pods never changes; its component excludes test Pods. */}}
{{- define "opencode-router.selectorLabels" -}}
app.kubernetes.io/name: {{ include "opencode-router.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: router
{{- end }}

{{- define "opencode-router.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "opencode-router.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The labels that the router sets on all Pods of sessions. */}}
{{- define "opencode-router.sessionLabels" -}}
app.kubernetes.io/name: opencode-session
{{- end }}

{{/* The router has rights on all Secrets of this namespace, so by default it is not the one with the login's Secret. */}}
{{- define "opencode-router.sessionsNamespace" -}}
{{- .Values.sessions.namespace | default (printf "%s-sessions" .Release.Namespace) }}
{{- end }}

{{/* Addresses. */}}
{{- define "opencode-router.host" -}}
{{- .Values.routerHost | default .Values.domain }}
{{- end }}

{{- define "opencode-router.attachHost" -}}
{{- .Values.attach.host | default (printf "attach.%s" .Values.domain) }}
{{- end }}

{{- define "opencode-router.port" -}}
{{- if .Values.publicPort }}:{{ int64 .Values.publicPort }}{{ end }}
{{- end }}

{{- define "opencode-router.url" -}}
{{ .Values.protocol }}://{{ include "opencode-router.host" . }}{{ include "opencode-router.port" . }}
{{- end }}

{{- define "opencode-router.attachUrl" -}}
{{- $made := printf "%s://%s%s" .Values.protocol (include "opencode-router.attachHost" .) (include "opencode-router.port" .) }}
{{- .Values.attach.url | default $made }}
{{- end }}

{{- define "opencode-router.tlsSecret" -}}
{{- $own := ternary (printf "%s-tls" (include "opencode-router.fullname" .)) "" .Values.certificate.enabled }}
{{- .Values.ingress.tlsSecretName | default $own }}
{{- end }}

{{/* The trusted login proxies. With the sidecar: only this Pod's own loopback. */}}
{{- define "opencode-router.hasSidecar" -}}
{{- if eq .Values.loginProxy.kind "sidecar" }}true{{ end }}
{{- end }}

{{- define "opencode-router.trustedCidrs" -}}
{{- if include "opencode-router.hasSidecar" . -}}
127.0.0.1/32,::1/128
{{- else -}}
{{ join "," .Values.loginProxy.trustedCidrs }}
{{- end }}
{{- end }}

{{/* The Service for browsers, as {name, namespace, port} in JSON. */}}
{{- define "opencode-router.browserBackend" -}}
{{- $own := include "opencode-router.fullname" . }}
{{- $service := .Values.loginProxy.service }}
{{- if include "opencode-router.hasSidecar" . }}
{{- dict "name" $own "namespace" .Release.Namespace "port" 4180 | toJson }}
{{- else if $service.name }}
{{- dict "name" $service.name "namespace" ($service.namespace | default .Release.Namespace) "port" (int $service.port) | toJson }}
{{- else }}
{{- dict "name" $own "namespace" .Release.Namespace "port" 3000 | toJson }}
{{- end }}
{{- end }}
