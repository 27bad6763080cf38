package oracle
import ("testing";"fmt";"os";"github.com/glassbox-vm/glassbox/cpu")
func TestDump(t *testing.T){ f,_:=os.Create("/tmp/rows.txt"); for r:=range cpu.Rows(){ fmt.Fprintf(f,"%s %02x [%s] %s d%d s%d t%d mode%d attr%x feat%v exec=%v undef=%x\n",r.Map,r.Code,r.Path,r.Op.Name,r.Op.Dst,r.Op.Src,r.Op.Third,r.Op.Mode,r.Op.Attr,r.Op.Feature,r.Op.Exec!=nil,uint64(r.Op.Undef))}}
