{{/* A map with a patch, as JSON. Takes (list base patch). Maps merge, null removes, other values are replaced. */}}
{{- define "opencode-router.merged" -}}
{{- $patch := last . }}
{{- $result := ternary (dict) (deepCopy (first .)) (eq (toString (get $patch "$patch")) "replace") }}
{{- range $name, $value := omit $patch "$patch" }}
{{- if kindIs "invalid" $value }}
{{- $_ := unset $result $name }}
{{- else if kindIs "map" $value }}
{{- $old := get $result $name }}
{{- $_ := set $result $name (include "opencode-router.merged" (list (ternary $old (dict) (kindIs "map" $old)) $value) | fromJson) }}
{{- else }}
{{- $_ := set $result $name $value }}
{{- end }}
{{- end }}
{{- toJson $result }}
{{- end }}

{{/*
The fields of the profiles that say which image is pulled and where, as {profile: fields} in JSON. Each begins with the
settings of sessions, then its parents, as docs/profiles.md says. A `pod` patch is not read.
*/}}
{{- define "opencode-router.imageProfiles" -}}
{{- $base := dict "image" (include "opencode-router.sessionImage" .) "imagePullPolicy" .Values.sessions.imagePullPolicy }}
{{- with .Values.sessions.imagePullSecretName }}
{{- $_ := set $base "imagePullSecrets" (list .) }}
{{- end }}
{{- $file := .Values.profiles | default "profiles: {default: {}}" | fromYaml }}
{{- if or (hasKey $file "Error") (not (kindIs "map" $file.profiles)) }}
{{- fail (printf "profiles cannot be read: expected the text of a profiles file (%s). Check it with opencode-router check-config." (get $file "Error" | default "there is no map profiles")) }}
{{- end }}
{{- $result := dict }}
{{- range $name, $own := $file.profiles }}
{{- if not (get ($own | default dict) "abstract") }}
{{- $chain := list }}
{{- $next := $name }}
{{- range until 9 }}
{{- if $next }}
{{- $fields := get $file.profiles $next | default dict }}
{{- $chain = prepend $chain $fields }}
{{- $next = get $fields "extends" }}
{{- end }}
{{- end }}
{{- $merged := $base }}
{{- $sidecars := list }}
{{- range $chain }}
{{- $merged = include "opencode-router.merged" (list $merged (pick . "image" "tools" "imagePullPolicy" "imagePullSecrets" "nodeSelector" "tolerations" "affinity")) | fromJson }}
{{- range .sidecars }}
{{- $sidecars = append $sidecars .image }}
{{- end }}
{{- end }}
{{- $_ := set $result $name (set $merged "sidecars" (compact $sidecars)) }}
{{- end }}
{{- end }}
{{- toJson $result }}
{{- end }}

{{/* The common part of the containers that keep an image on a node. Takes {root, policy}. */}}
{{- define "opencode-router.pullingContainer" -}}
imagePullPolicy: {{ .policy }}
securityContext:
  {{- include "opencode-router.containerSecurity" .root | nindent 2 }}
resources:
  {{- toYaml .root.Values.prePull.resources | nindent 2 }}
volumeMounts:
  - name: program
    mountPath: /program
{{- end }}
