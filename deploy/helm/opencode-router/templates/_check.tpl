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
{{- if and .Values.prometheusRule.enabled (not .Values.metrics.enabled) }}
{{- fail "prometheusRule.enabled needs metrics.enabled: true." }}
{{- end }}
{{- if and .Values.certificate.enabled (not .Values.certificate.issuerRef.name) }}
{{- fail "certificate.enabled needs certificate.issuerRef: {name: …, kind: …}, an issuer of cert-manager that can prove a wildcard." }}
{{- end }}
{{- if and .Values.resourceQuota.enabled (not .Values.resourceQuota.hard) }}
{{- fail "resourceQuota.enabled needs resourceQuota.hard, such as {pods: \"100\", requests.storage: 500Gi}." }}
{{- end }}
{{- if and .Values.limitRange.enabled (not .Values.limitRange.limits) }}
{{- fail "limitRange.enabled needs limitRange.limits, such as [{type: PersistentVolumeClaim, max: {storage: 20Gi}}]." }}
{{- end }}
{{- if not .Values.sessions.image }}
{{- range $profile, $fields := include "opencode-router.imageProfiles" . | fromJson }}
{{- if not $fields.image }}
{{- fail (printf "The profile %s has no image: name one in it, or in sessions.image for all." $profile) }}
{{- end }}
{{- end }}
{{- end }}
{{- include "opencode-router.checkGitTokens" . }}
{{- include "opencode-router.checkEnvironment" . }}
{{- include "opencode-router.checkSessionsNamespace" . }}
{{- end }}

{{- define "opencode-router.checkGitTokens" -}}
{{- $header := .Values.loginProxy.gitTokenHeader }}
{{- if ne (empty $header) (empty .Values.loginProxy.gitServer) }}
  {{- fail "loginProxy.gitTokenHeader and loginProxy.gitServer need each other: a token is for one Git server." }}
{{- end }}
{{- if has (lower $header) (list "x-auth-request-email" "cookie" "authorization") }}
  {{- fail (printf "loginProxy.gitTokenHeader cannot be %s: it has another meaning." $header) }}
{{- end }}
{{- end }}

{{/* Variables that would contradict other objects of the chart, with the value to use instead. */}}
{{- define "opencode-router.checkEnvironment" -}}
{{- $values := dict
  "RUNTIME" "nothing: the chart is for Kubernetes" "DEV_EMAIL" "nothing: it is for one machine"
  "TRUSTED_PROXY_CIDRS" "loginProxy.trustedCidrs" "SSO_COOKIE_NAMES" "loginProxy.cookieNames"
  "SSO_GIT_TOKEN_HEADER" "loginProxy.gitTokenHeader" "SSO_GIT_SERVER" "loginProxy.gitServer"
  "SSO_GROUPS_HEADER" "loginProxy.groupsHeader" "IMAGE_VOLUMES" "sessions.imageVolumes"
  "PEER_LIMIT_EXEMPT_CIDRS" "peerLimitExemptCidrs"
  "ROUTER_DOMAIN" "domain" "ROUTER_HOST" "routerHost" "BIND_ADDRESS" "bindAddress" "METRICS_PORT" "metrics.port"
  "PORT" "nothing: it is 3000" "ATTACH_PORT" "nothing: it is 4096"
  "OPENCODE_NAMESPACE" "sessions.namespace" "RELEASE_NAME" "fullnameOverride"
  "POD_NAME" "nothing: it is the Pod's" "POD_NAMESPACE" "nothing: it is the Pod's"
}}
{{- $seen := dict }}
{{- range .Values.extraEnv }}
{{- if hasKey $values .name }}
{{- fail (printf "extraEnv cannot set %s. Use %s." .name (get $values .name)) }}
{{- end }}
{{- if hasKey $seen .name }}
{{- fail (printf "extraEnv has %s twice: leave one." .name) }}
{{- end }}
{{- $_ := set $seen .name true }}
{{- end }}
{{- end }}

{{/* Two routers must not serve the same sessions, and an upgrade must not lose any. `helm template` finds no objects. */}}
{{- define "opencode-router.checkSessionsNamespace" -}}
{{- $place := include "opencode-router.sessionsNamespace" . }}
{{- if gt (len $place) 63 }}
{{- fail (printf "The namespace %s is too long: name one with sessions.namespace." $place) }}
{{- end }}
{{- if not .Values.sessions.namespace }}
{{- range (lookup "v1" "PersistentVolumeClaim" .Release.Namespace "").items }}
{{- if eq (dig "metadata" "labels" "app.kubernetes.io/managed-by" "" .) "opencode-router" }}
{{- fail (printf "Namespace %s has sessions from before the default changed to %s: keep them with sessions.namespace: %s." $.Release.Namespace $place $.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.rbac.create }}
{{- range (lookup "rbac.authorization.k8s.io/v1" "RoleBinding" $place "").items }}
{{- $chart := dig "metadata" "labels" "helm.sh/chart" "" . }}
{{- if and (hasPrefix "opencode-router-" $chart) (hasSuffix "-sessions" .roleRef.name) }}
{{- $release := dig "metadata" "annotations" "meta.helm.sh/release-name" $.Release.Name . }}
{{- $home := dig "metadata" "annotations" "meta.helm.sh/release-namespace" $.Release.Namespace . }}
{{- if or (ne $release $.Release.Name) (ne $home $.Release.Namespace) }}
{{- fail (printf "Release %s in namespace %s serves the sessions in namespace %s: choose another sessions.namespace, or uninstall it." $release $home $place) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
