{{/*
An IPv4 network as it is reached through NAT64 (RFC 6052): 10.0.0.0/8 is 64:ff9b::a00:0/104. Written as RFC 5952 says.
*/}}
{{- define "opencode-router.nat64" -}}
{{- $parts := splitList "/" . }}
{{- $bytes := splitList "." (first $parts) }}
{{- $high := add (mul 256 (index $bytes 0 | int)) (index $bytes 1 | int) | int }}
{{- $low := add (mul 256 (index $bytes 2 | int)) (index $bytes 3 | int) | int }}
{{- $length := add 96 (last $parts | int) }}
{{- if $high }}{{ printf "64:ff9b::%x:%x/%d" $high $low $length }}
{{- else if $low }}{{ printf "64:ff9b::%x/%d" $low $length }}
{{- else }}{{ printf "64:ff9b::/%d" $length }}
{{- end }}
{{- end }}
