// Package tests holds what no single package can test: the layering, conformance of the
// processor, guest programs and boots.
package tests
