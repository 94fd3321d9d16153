{{/*
Users, groups and privileges: the restricted Pod Security Standard, unless values say otherwise. OpenShift chooses the
numbers of users and groups by namespace, and refuses Pods that name others.
*/}}
{{- define "opencode-router.podSecurity" -}}
{{- $context := .Values.podSecurityContext }}
{{- if .Values.openshift }}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}
{{- end }}
{{- toYaml $context }}
{{- end }}

{{- define "opencode-router.containerSecurity" -}}
{{- toYaml .Values.securityContext }}
{{- end }}

{{/* The user of sessions. With 0, the cluster chooses. */}}
{{- define "opencode-router.sessionUser" -}}
{{- ternary 0 (int64 .Values.sessions.userId) .Values.openshift }}
{{- end }}

{{/* The volume with the token for the API server. Only containers that mount it have the token. */}}
{{- define "opencode-router.apiAccess" -}}
- name: api-access
  projected:
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - {key: ca.crt, path: ca.crt}
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end }}
