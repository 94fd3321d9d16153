{{/* The common part of the Pods of `helm test`. They run the sessions' image, which has curl. */}}
{{- define "opencode-router.testPod" -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.sessions.imagePullSecretName }}
imagePullSecrets:
  - name: {{ . }}
{{- end }}
{{- end }}

{{- define "opencode-router.testContainer" -}}
image: {{ .Values.sessions.image | quote }}
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
