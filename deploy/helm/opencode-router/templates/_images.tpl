{{/*
The reference of an image. Takes {root, name, image, tag}: the chart, the path of the value, the value, and the default tag.
A string is a complete reference.
*/}}
{{- define "opencode-router.imageReference" -}}
{{- $registry := .root.Values.global.imageRegistry }}
{{- $image := .image }}
{{- if kindIs "string" $image }}
{{- if $registry }}
{{- fail (printf "global.imageRegistry cannot replace the registry in %s: write it as {repository: …, tag: …}." .name) }}
{{- end }}
{{- $image }}
{{- else }}
{{- if and $registry (regexMatch "^[^/]*[.:][^/]*/" $image.repository) }}
{{- fail (printf "%s.repository names a registry, which global.imageRegistry cannot replace: leave it to %s.registry." .name .name) }}
{{- end }}
{{- $repository := list ($registry | default $image.registry) $image.repository | compact | join "/" }}
{{- $tag := $image.tag | default .tag }}
{{- if $image.digest }}
{{- printf "%s@%s" $repository $image.digest }}
{{- else if $tag }}
{{- printf "%s:%s" $repository $tag }}
{{- else }}
{{- fail (printf "%s needs a tag or a digest." .name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "opencode-router.image" -}}
{{- include "opencode-router.imageReference" (dict "root" . "name" "image" "image" .Values.image "tag" .Chart.AppVersion) }}
{{- end }}

{{/* The image of sessions. Empty if only the profiles name images. */}}
{{- define "opencode-router.sessionImage" -}}
{{- if .Values.sessions.image }}
{{- include "opencode-router.imageReference" (dict "root" . "name" "sessions.image" "image" .Values.sessions.image "tag" .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- define "opencode-router.loginImage" -}}
{{- include "opencode-router.imageReference" (dict "root" . "name" "loginProxy.sidecar.image" "image" .Values.loginProxy.sidecar.image "tag" "") }}
{{- end }}
