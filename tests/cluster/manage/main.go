// Starts a one-node Kubernetes below a directory, and stops it. See ../README.md.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const usage = `usage: cluster up [--no-node] DIR
       cluster down DIR
       cluster load DIR ARCHIVE...
       cluster start|stop|kill|freeze|thaw DIR PART
       cluster with COMMAND...`

func main() {
	// Some users' PATH lacks the folders of these programs.
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/local/sbin:/usr/sbin:/sbin")
	status := 1
	var err error
	if len(os.Args) > 2 && os.Args[1] == "with" {
		status, err = with(os.Args[2:])
	} else if err = run(os.Args[1:]); err == nil {
		status = 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

func run(args []string) error {
	noNode := len(args) > 1 && args[1] == "--no-node"
	if noNode {
		args = append(args[:1], args[2:]...)
	}
	if len(args) < 2 || noNode && args[0] != "up" {
		return errors.New(usage)
	}
	dir, err := filepath.Abs(args[1])
	if err != nil {
		return err
	}
	rest := args[2:]
	switch {
	case args[0] == "up" && len(rest) == 0:
		return up(dir, !noNode)
	case args[0] == "down" && len(rest) == 0:
		return down(dir)
	}
	c, err := open(dir)
	if err != nil {
		return err
	}
	if args[0] == "load" {
		return c.load(rest)
	}
	if len(rest) != 1 {
		return errors.New(usage)
	}
	p, err := c.part(rest[0])
	if err != nil {
		return err
	}
	switch args[0] {
	case "start":
		return c.start(p)
	case "stop":
		return c.stop(p)
	case "kill":
		return c.kill(p)
	case "freeze":
		return c.freeze(p)
	case "thaw":
		return c.thaw(p)
	}
	return errors.New(usage)
}
