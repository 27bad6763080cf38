package tests

import (
	_ "github.com/stretchr/testify/require"
)
