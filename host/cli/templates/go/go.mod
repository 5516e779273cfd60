module app-name

go 1.24

require wasgi v0.1.0

replace wasgi => ./wasgi
