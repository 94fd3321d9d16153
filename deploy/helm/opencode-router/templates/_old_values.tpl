{{/* Values that a profile replaces: path below `sessions`, default, field of a profile. */}}
{{- define "opencode-router.oldValues" -}}
- [imagePullPolicy, IfNotPresent, imagePullPolicy]
- [imagePullSecretName, "", imagePullSecrets]
- [apiKeySecretName, "", envFrom]
- [configMapName, "", opencode.config]
- [storage.className, "", storage.className]
- [storage.size, 2Gi, storage.size]
- [cpuRequest, 250m, resources.requests.cpu]
- [memoryRequest, 512Mi, resources.requests.memory]
- [cpuLimit, "", resources.limits.cpu]
- [memoryLimit, 2Gi, resources.limits.memory]
- [ephemeralStorageRequest, 256Mi, resources.requests.ephemeral-storage]
- [ephemeralStorageLimit, 5Gi, resources.limits.ephemeral-storage]
- [tmpSize, 4Gi, tmp.sizeLimit]
- [userId, 1000, podSecurityContext.runAsUser]
- [idleTimeoutMinutes, 30, idle.timeoutMinutes]
- [maxBusyMinutes, 480, idle.maxBusyMinutes]
- [startTimeoutSeconds, 600, startTimeoutSeconds]
{{- end }}

{{/* Those that differ from their defaults, each with the field that replaces it. */}}
{{- define "opencode-router.oldValuesInUse" -}}
{{- $used := list }}
{{- range include "opencode-router.oldValues" . | fromYamlArray }}
{{- $value := $.Values.sessions }}
{{- range splitList "." (first .) }}
{{- $value = get $value . }}
{{- end }}
{{- if ne (toString $value) (index . 1 | toString) }}
{{- $used = append $used (printf "sessions.%s (%s)" (first .) (last .)) }}
{{- end }}
{{- end }}
{{- join ", " $used }}
{{- end }}
