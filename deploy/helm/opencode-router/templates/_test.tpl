{{/* The common part of the Pods of `helm test`. They run sessions.image, which has curl: without it, only the doctor is run. */}}
{{- define "opencode-router.testPod" -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- with include "opencode-router.sessionUser" . | int64 }}
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.sessions.imagePullSecretName }}
imagePullSecrets:
  - name: {{ . }}
{{- end }}
{{- end }}

{{- define "opencode-router.testContainer" -}}
image: {{ include "opencode-router.sessionImage" . | quote }}
imagePullPolicy: {{ .Values.sessions.imagePullPolicy }}
securityContext:
  {{- include "opencode-router.containerSecurity" . | nindent 2 }}
resources:
  requests:
    cpu: 10m
    memory: 32Mi
  limits:
    memory: 128Mi
{{- end }}
