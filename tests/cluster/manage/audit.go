package main

import "os"

// Logs only requests of service accounts to logs/audit, one JSON object per line.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: None
    userGroups: ["system:serviceaccounts:kube-system"]
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
`

func (c *cluster) writeAuditPolicy() error {
	return os.WriteFile(c.path("audit.yaml"), []byte(auditPolicy), 0o644)
}
