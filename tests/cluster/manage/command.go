package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Runs a program of the machine, with a time limit.
func command(args ...string) error { return commandWithin(30*time.Second, args...) }

func commandWithin(limit time.Duration, args ...string) error {
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	run := exec.CommandContext(ctx, args[0], args[1:]...)
	run.WaitDelay = time.Second
	out, err := run.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("not within %s", limit)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
