package cpu

var vex0F, vex0F38, vex0F3A [256]Op
