// Package oracle compares the emulated processor with the host's.
package oracle
