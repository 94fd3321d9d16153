package main

import (
	"errors"
	"io/fs"
	"os"
)

// Kills everything of a cluster. It can be repeated, also after a partial start.
func down(dir string) error {
	if entries, err := os.ReadDir(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err == nil && len(entries) == 0 {
		return os.Remove(dir)
	}
	c, err := open(dir)
	if err != nil {
		return err
	}
	for _, step := range []func() error{c.end, c.disconnect} {
		if err := step(); err != nil {
			return err
		}
	}
	// The description of this cluster is removed last.
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != "cluster.json" {
			if err := os.RemoveAll(c.path(entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return restoreTunables()
}
