package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func (c *cluster) fetch(url string) bool {
	_, err := c.request(http.MethodGet, url, "")
	return err == nil
}

func (c *cluster) request(method, url, body string) (string, error) {
	authority, err := os.ReadFile(c.path("keys", "authority.crt"))
	if err != nil {
		return "", err
	}
	tokens, err := os.ReadFile(c.path("keys", "tokens"))
	if err != nil {
		return "", err
	}
	token, _, _ := strings.Cut(string(tokens), ",")
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	client := http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}},
	}
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/yaml")
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, text)
	}
	return string(text), err
}
