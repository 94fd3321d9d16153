{{/*
The router's settings (docs/settings.md). Empty values are omitted, so that the router's defaults apply. extraEnv replaces
settings. Each name appears once: server-side apply refuses a list with duplicates.
*/}}
{{- define "opencode-router.environment" -}}
{{- $sessions := .Values.sessions }}
{{- $storage := $sessions.storage }}
{{- $settings := list
  (list "RUNTIME" "kubernetes")
  (list "ROUTER_DOMAIN" .Values.domain)
  (list "ROUTER_HOST" (include "opencode-router.host" .))
  (list "ROUTE_SUFFIX" .Values.routeSuffix)
  (list "ROUTER_PROTO" .Values.protocol)
  (list "PUBLIC_PORT" (.Values.publicPort | int64 | toString | trimPrefix "0"))
  (list "ATTACH_URL" (include "opencode-router.attachUrl" .))
  (list "BIND_ADDRESS" .Values.bindAddress)
  (list "PORT" "3000")
  (list "ATTACH_PORT" "4096")
  (list "METRICS_PORT" (ternary (.Values.metrics.port | int64 | toString) "" .Values.metrics.enabled))
  (list "TRUSTED_PROXY_CIDRS" (include "opencode-router.trustedCidrs" .))
  (list "PEER_LIMIT_EXEMPT_CIDRS" (join "," .Values.peerLimitExemptCidrs))
  (list "SSO_COOKIE_NAMES" (join "," .Values.loginProxy.cookieNames))
  (list "SSO_GROUPS_HEADER" .Values.loginProxy.groupsHeader)
  (list "SSO_GIT_TOKEN_HEADER" .Values.loginProxy.gitTokenHeader)
  (list "SSO_GIT_SERVER" .Values.loginProxy.gitServer)
  (list "SHUTDOWN_DELAY_SECONDS" (.Values.shutdown.delaySeconds | int64 | toString))
  (list "DRAIN_TIMEOUT_SECONDS" (.Values.shutdown.drainSeconds | int64 | toString))
  (list "STALE_AFTER_SECONDS" (.Values.staleAfterSeconds | int64 | toString))
  (list "LOG_LEVEL" .Values.log.level)
  (list "LOG_FORMAT" .Values.log.format)
  (list "OPENCODE_IMAGE" (include "opencode-router.sessionImage" .))
  (list "PROFILES_FILE" (ternary "/etc/opencode-router/profiles.yaml" "" (not (empty .Values.profiles))))
  (list "RELEASE_NAME" (include "opencode-router.fullname" .))
  (list "OPENCODE_NAMESPACE" (include "opencode-router.sessionsNamespace" .))
  (list "IMAGE_PULL_POLICY" $sessions.imagePullPolicy)
  (list "IMAGE_PULL_SECRET_NAME" $sessions.imagePullSecretName)
  (list "API_KEY_SECRET_NAME" $sessions.apiKeySecretName)
  (list "CONFIG_MAP_NAME" $sessions.configMapName)
  (list "IMAGE_VOLUMES" (ternary "true" "" $sessions.imageVolumes))
  (list "STORAGE_CLASS" $storage.className)
  (list "STORAGE_SIZE" $storage.size)
  (list "VOLUME_TTL_DAYS" ($storage.ttlDays | int64 | toString))
  (list "VOLUME_WARNING_DAYS" ($storage.warningDays | int64 | toString))
  (list "SESSION_CPU_REQUEST" $sessions.cpuRequest)
  (list "SESSION_MEMORY_REQUEST" $sessions.memoryRequest)
  (list "SESSION_CPU_LIMIT" $sessions.cpuLimit)
  (list "SESSION_MEMORY_LIMIT" $sessions.memoryLimit)
  (list "SESSION_EPHEMERAL_STORAGE_REQUEST" $sessions.ephemeralStorageRequest)
  (list "SESSION_EPHEMERAL_STORAGE_LIMIT" $sessions.ephemeralStorageLimit)
  (list "SESSION_TMP_SIZE" $sessions.tmpSize)
  (list "SESSION_USER_ID" (include "opencode-router.sessionUser" .))
  (list "IDLE_TIMEOUT_MINUTES" ($sessions.idleTimeoutMinutes | toString))
  (list "MAX_BUSY_MINUTES" ($sessions.maxBusyMinutes | toString))
  (list "START_TIMEOUT_SECONDS" ($sessions.startTimeoutSeconds | int64 | toString))
  (list "MAX_CONCURRENT_STARTS" ($sessions.maxConcurrentStarts | int64 | toString))
  (list "HOLD_TIMEOUT_SECONDS" ($sessions.holdTimeoutSeconds | int64 | toString))
}}
{{- $extra := dict }}
{{- range .Values.extraEnv }}
{{- $_ := set $extra .name . }}
{{- end }}
{{- range $settings }}
{{- $name := index . 0 }}
{{- $value := index . 1 }}
{{- if hasKey $extra $name }}
- {{ toYaml (get $extra $name) | nindent 2 | trim }}
{{- $_ := unset $extra $name }}
{{- else if $value }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- range .Values.extraEnv }}
{{- if hasKey $extra .name }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end }}
