// Nothing of its own: the target of this file keeps the precompiled headers of the test programs.
